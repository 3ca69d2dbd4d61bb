// SPDX-License-Identifier: Apache-2.0

/// The header fields that mean something to the gateway; all others are `other` and pass through.
enum KnownField: UInt8, Sendable {
    case other
    case host
    case connection
    case contentLength
    case contentType
    case transferEncoding
    case te
    case trailer
    case upgrade
    case expect
    case authorization
    case keepAlive
    case http2Settings
    /// `Proxy-Connection`, `Proxy-Authorization`, `Proxy-Authenticate` and whatever else begins with `Proxy-`.
    case proxy
    /// `Impersonate-User`, `-Group`, `-Uid`, `-Extra-…` and whatever else begins with `Impersonate-`.
    case impersonate
    /// `Forwarded`, `X-Forwarded-…` and `X-Real-IP`.
    case forwarded
    /// `Audit-Id`: what the request is called in kube-apiserver's audit log.
    case auditID
    /// `X-Remote-User`, `-Group`, `-Uid`, `-Extra-…`: what kube-apiserver believes from a front proxy.
    case remote
    /// `Sec-WebSocket-Protocol`, among whose values a bearer token may be.
    case webSocketProtocol

    /// The field whose name, never empty, is at `name`. `_` counts as `-`, so that underscored twins are found as well;
    /// `FieldLine` refuses them.
    static func classify(_ name: ByteRange, in bytes: ByteView) -> KnownField {
        switch name.count {
        case 2 where bytes.equals(name, fieldName: "te"): return .te
        case 4 where bytes.equals(name, fieldName: "host"): return .host
        case 6 where bytes.equals(name, fieldName: "expect"): return .expect
        case 7 where bytes.equals(name, fieldName: "trailer"): return .trailer
        case 7 where bytes.equals(name, fieldName: "upgrade"): return .upgrade
        case 8 where bytes.equals(name, fieldName: "audit-id"): return .auditID
        case 9 where bytes.equals(name, fieldName: "forwarded"): return .forwarded
        case 9 where bytes.equals(name, fieldName: "x-real-ip"): return .forwarded
        case 10 where bytes.equals(name, fieldName: "connection"): return .connection
        case 10 where bytes.equals(name, fieldName: "keep-alive"): return .keepAlive
        case 12 where bytes.equals(name, fieldName: "content-type"): return .contentType
        case 13 where bytes.equals(name, fieldName: "authorization"): return .authorization
        case 14 where bytes.equals(name, fieldName: "content-length"): return .contentLength
        case 14 where bytes.equals(name, fieldName: "http2-settings"): return .http2Settings
        case 17 where bytes.equals(name, fieldName: "transfer-encoding"): return .transferEncoding
        case 22 where bytes.equals(name, fieldName: "sec-websocket-protocol"): return .webSocketProtocol
        default: break
        }
        switch bytes[name.lowerBound].lowercased {
        case UInt8(ascii: "i") where bytes.hasPrefix(name, fieldName: "impersonate-"): return .impersonate
        case UInt8(ascii: "p") where bytes.hasPrefix(name, fieldName: "proxy-"): return .proxy
        case UInt8(ascii: "x") where bytes.hasPrefix(name, fieldName: "x-forwarded-"): return .forwarded
        case UInt8(ascii: "x") where bytes.hasPrefix(name, fieldName: "x-remote-"): return .remote
        default: return .other
        }
    }

    /// Fields for one hop only, which a proxy does not forward (RFC 9110 section 7.6.1) or writes anew.
    var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .te, .trailer, .transferEncoding, .upgrade, .http2Settings, .proxy: true
        default: false
        }
    }

    /// Whether a `Connection` option may name this field. Those for one hop may be named, and so may fields that mean
    /// nothing to us (which are then dropped). A client that names one of the others tries to take away something that
    /// framing, routing or authentication stands on; RFC 9110 section 7.6.1 forbids naming them.
    var mayBeNominated: Bool {
        switch self {
        case .other: true
        case .transferEncoding: false
        default: isHopByHop
        }
    }
}
