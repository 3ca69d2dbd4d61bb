// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// What went wrong in TLS, with OpenSSL's own words of it. Its queue is drained with each, so that no error of one
/// connection is ever read as another's.
enum TLSError: Error, Equatable, CustomStringConvertible {
    /// The peer, or somebody between, broke the handshake or a record.
    case failed(String)
    /// The server's certificate is not one that we accept.
    case certificateRejected(String)
    /// The connection failed below TLS.
    case connectionLost
    /// A certificate or key that we were given cannot be used.
    case unusable(String)

    var description: String {
        switch self {
        case .failed(let text): "TLS failed: \(text)"
        case .certificateRejected(let text): "certificate rejected: \(text)"
        case .connectionLost: "connection lost"
        case .unusable(let text): text
        }
    }

    /// Empties OpenSSL's error queue; the text of its first entry.
    static func drainQueue() -> String? {
        var first: String?
        while true {
            let code = ERR_get_error()
            if code == 0 { return first }
            if first == nil {
                first = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) } ?? "error \(code)"
            }
        }
    }
}
