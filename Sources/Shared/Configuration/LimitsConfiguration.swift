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
    /// Connections that one address may hold; above it new ones are reset; 0: any number.
    package var connectionsPerAddress: Int
    /// Connections that one address may begin in a second, on average; above it new ones are reset; 0: any number.
    package var acceptsPerSecond: Int
    /// Addresses to which these two do not apply: ranges such as `10.0.0.0/8`, or single ones.
    package var exemptAddresses: [String]

    package static let defaultExemptAddresses = ["127.0.0.0/8", "::1/128"]

    package init(
        requestLine: Int = 8_192, head: Int = 65_536, fields: Int = 128, bufferMemory: Int = 256 * 1_048_576,
        connectionsPerAddress: Int = 4_096, acceptsPerSecond: Int = 500,
        exemptAddresses: [String] = Self.defaultExemptAddresses
    ) {
        self.requestLine = requestLine
        self.head = head
        self.fields = fields
        self.bufferMemory = bufferMemory
        self.connectionsPerAddress = connectionsPerAddress
        self.acceptsPerSecond = acceptsPerSecond
        self.exemptAddresses = exemptAddresses
    }
}
