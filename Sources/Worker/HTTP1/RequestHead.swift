// SPDX-License-Identifier: Apache-2.0

/// What a client that asks for an upgrade wants to speak.
enum UpgradeProtocol: Equatable, Sendable {
    case webSocket
    /// SPDY/3.1, which kubectl uses for exec, attach and port-forward.
    case spdy
    /// Anything else, several protocols, and `h2c`: not forwarded, and the request is an ordinary one (RFC 9110
    /// section 7.8 leaves that to the server).
    case other
}

/// A parsed request head: plain data, with ranges in the buffer that it was parsed in.
struct RequestHead: Equatable, Sendable {
    let method: HTTPMethod
    let methodName: ByteRange
    /// The request target as it came: origin-form, absolute-form or `*`.
    let target: ByteRange
    /// The path as it came (percent-encoded). Empty in an absolute-form without one, and for `*`.
    let path: ByteRange
    /// Behind the `?`, without it.
    let query: ByteRange
    let hasQuery: Bool
    /// `OPTIONS *`.
    let isAsterisk: Bool
    /// 0 or 1.
    let minorVersion: UInt8
    /// With the empty line at its end and one that may stand before it: the body begins there.
    let headLength: Int
    let framing: MessageFraming
    /// Whether the client wants to keep the connection.
    let keepAlive: Bool
    /// `Expect: 100-continue`, and the version allows for it.
    let expectsContinue: Bool
    /// What `Connection: upgrade` asks for; nil if it does not.
    let upgrade: UpgradeProtocol?
    /// The value of `Upgrade`.
    let upgradeValue: ByteRange
    let host: ByteRange
    /// The value of `Authorization`; empty if there is none.
    let authorization: ByteRange
    /// The client sent fields of `Impersonate-…`. They are never forwarded.
    let hasImpersonation: Bool
    /// `TE: trailers`: the client takes trailers.
    let acceptsTrailers: Bool
    /// There are fields of `Sec-WebSocket-Protocol`.
    let hasWebSocketProtocols: Bool
    /// The value of the first `Audit-Id`; empty if there is none.
    let auditID: ByteRange
    /// There are fields of `Forwarded`, `X-Forwarded-…` or `X-Real-IP`. They are never forwarded as they came.
    let isForwarded: Bool
}

/// What came of looking at the bytes so far.
enum RequestParse: Equatable, Sendable {
    /// More bytes are needed.
    case incomplete
    case complete(RequestHead)
    case refused(HTTPFault)
}
