// SPDX-License-Identifier: Apache-2.0

/// A parsed response head: plain data, with ranges in the buffer that it was parsed in.
struct ResponseHead: Equatable, Sendable {
    /// 100–599.
    let status: UInt16
    /// The reason phrase; may be empty.
    let reason: ByteRange
    /// 0 or 1.
    let minorVersion: UInt8
    /// With the empty line at its end: the body begins there.
    let headLength: Int
    let framing: MessageFraming
    /// The Content-Length field, which also responses without a body may have (to HEAD, and 304).
    let contentLength: UInt64?
    /// Whether the upstream connection may carry another request once the body is through.
    let keepAlive: Bool
    /// The value of `Upgrade`; empty if there is none, or `Connection` does not name it, so that it means nothing
    /// (RFC 9110 section 7.8).
    let upgradeValue: ByteRange

    /// 1xx but not 101: the final response is still to come.
    var isInterim: Bool { status < 200 && status != 101 }

    /// 101: what follows is no HTTP any more.
    var switchesProtocols: Bool { status == 101 }
}

/// What came of looking at the bytes so far.
enum ResponseParse: Equatable, Sendable {
    /// More bytes are needed.
    case incomplete
    case complete(ResponseHead)
    /// The upstream connection cannot be used any more; the client gets a 502.
    case refused(HTTPFault)
}
