// SPDX-License-Identifier: Apache-2.0

/// Bounds on one message head.
struct HeadLimits: Equatable, Sendable {
    /// The request or status line without its CRLF, in bytes; above it 414.
    var startLine = 8_192
    /// The whole head with its last CRLF CRLF, in bytes; above it 431.
    var head = 65_536
    /// Header fields; above it 431.
    var fields = 128
}
