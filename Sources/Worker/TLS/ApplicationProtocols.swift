// SPDX-License-Identifier: Apache-2.0

/// What a TLS client offers by ALPN (RFC 7301).
enum ApplicationProtocols: Equatable, Sendable {
    /// No ALPN: HTTP/1.1, as ever.
    case none
    case http1
    /// HTTP/2 before HTTP/1.1; the server chooses.
    case http2OrHTTP1

    /// Each name with its length before it.
    var wireForm: [UInt8] {
        switch self {
        case .none: []
        case .http1: [8] + Array("http/1.1".utf8)
        case .http2OrHTTP1: [2] + Array("h2".utf8) + [8] + Array("http/1.1".utf8)
        }
    }
}
