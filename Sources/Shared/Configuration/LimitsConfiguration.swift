// SPDX-License-Identifier: Apache-2.0

/// Bounds on what one client may send, in bytes and counts.
package struct LimitsConfiguration: Codable, Equatable, Sendable {
    /// The request line, in bytes; above it 414.
    package var requestLine: Int
    /// The whole head, in bytes; above it 431.
    package var head: Int
    /// Header fields in one head; above it 431.
    package var fields: Int
    /// Memory of one worker's buffers, in bytes; above it new requests are answered 503.
    package var bufferMemory: Int
    /// Groups of one user; above it 403.
    package var groups: Int
    /// Extra values of one user; above it 403.
    package var extras: Int
    /// The user as the API server is told (`Impersonate-` fields), in bytes; above it 431.
    package var identity: Int

    package init(
        requestLine: Int = 8_192, head: Int = 65_536, fields: Int = 128, bufferMemory: Int = 256 * 1_048_576,
        groups: Int = 512, extras: Int = 64, identity: Int = 32_768
    ) {
        self.requestLine = requestLine
        self.head = head
        self.fields = fields
        self.bufferMemory = bufferMemory
        self.groups = groups
        self.extras = extras
        self.identity = identity
    }
}
