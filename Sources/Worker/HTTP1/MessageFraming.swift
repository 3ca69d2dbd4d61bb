// SPDX-License-Identifier: Apache-2.0

/// How long a message's body is (RFC 9112 section 6.3).
enum MessageFraming: Equatable, Sendable {
    /// There is no body.
    case none
    /// As many bytes as Content-Length says.
    case length(UInt64)
    /// Chunks up to the last one.
    case chunked
    /// Everything until the connection closes. Responses only.
    case untilClose

    /// Nothing follows the head.
    var isEmpty: Bool { self == .none || self == .length(0) }
}
