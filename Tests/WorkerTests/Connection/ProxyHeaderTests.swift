// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

/// By the words of the specification, section 2.2.
@Suite("PROXY protocol, version 2")
struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]

    private static func header(
        _ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil
    ) -> [UInt8] {
        let length = length ?? rest.count
        return signature + [command, family, UInt8(length >> 8), UInt8(length & 255)] + rest
    }

    private static let ipv4: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 1, 0x1F, 0x90, 0x01, 0xBB]
    private static let ipv6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 1, count: 16)
        + [0x1F, 0x90, 0x01, 0xBB]
    private static let unix = [UInt8](repeating: 0x61, count: 216)
    /// PP2_TYPE_AUTHORITY and PP2_TYPE_NOOP.
    private static let values: [UInt8] = [2, 0, 3, 0x61, 0x2E, 0x62, 4, 0, 0]

    @Test(
        "What is told",
        arguments: [
            (header(0x21, 0x11, ipv4), "192.0.2.7:8080"), (header(0x21, 0x11, ipv4 + values), "192.0.2.7:8080"),
            (header(0x21, 0x21, ipv6), "[2001:db8::7]:8080"), (header(0x21, 0x21, ipv6 + values), "[2001:db8::7]:8080"),
            // Nobody with an IP address, nobody at all, and the proxy itself.
            (header(0x21, 0x31, unix), nil), (header(0x21, 0x00, []), nil), (header(0x21, 0x00, values), nil),
            (header(0x20, 0x00, []), nil), (header(0x20, 0x11, ipv4), nil), (header(0x20, 0x11, []), nil),
            (header(0x20, 0x99, [1, 2]), nil),
        ])
    func told(header: [UInt8], source: String?) throws {
        #expect(try ProxyHeader.restLength(Array(header.prefix(16))) == header.count - 16)
        #expect(try ProxyHeader.source(header)?.description == source)
    }

    @Test(
        "What is refused",
        arguments: [
            (header(0x11, 0x11, ipv4), ProxyHeader.Fault.unknownVersion),
            (header(0x22, 0x11, ipv4), .unknownVersion), (header(0x21, 0x12, ipv4), .unknownFamily),
            (header(0x21, 0x01, ipv4), .unknownFamily), (header(0x21, 0x41, ipv4), .unknownFamily),
            (header(0x21, 0x11, Array(ipv4.dropLast())), .tooShort), (header(0x21, 0x21, ipv4), .tooShort),
            (header(0x21, 0x31, ipv6), .tooShort), (header(0x21, 0x11, ipv4 + [2]), .brokenValues),
            (header(0x21, 0x11, ipv4 + [2, 0]), .brokenValues), (header(0x21, 0x11, ipv4 + [2, 0, 1]), .brokenValues),
            (header(0x21, 0x11, ipv4 + [2, 255, 255, 0]), .brokenValues),
            (header(0x21, 0x11, ipv4 + [3, 0, 3, 0, 0, 0]), .brokenValues),
            (header(0x21, 0x11, ipv4 + [3, 0, 4, 0, 0, 0, 0]), .wrongChecksum),
            (header(0x21, 0x11, ipv4, length: 13), .tooShort),
        ])
    func refused(header: [UInt8], fault: ProxyHeader.Fault) {
        #expect(throws: fault) { try ProxyHeader.source(header) }
    }

    @Test("The fixed part alone tells most of it")
    func fixedPart() {
        let text = Array("GET / HTTP/1.1\r\n".utf8)
        #expect(throws: ProxyHeader.Fault.noSignature) { try ProxyHeader.restLength(text) }
        let first = Array("PROXY TCP4 1.2.3.4".utf8)
        #expect(throws: ProxyHeader.Fault.noSignature) { try ProxyHeader.restLength(first) }
        let long = Self.header(0x21, 0x11, [], length: ProxyHeader.longestRest + 1)
        #expect(throws: ProxyHeader.Fault.tooLong) { try ProxyHeader.restLength(long) }
    }

    @Test("The checksum is CRC-32C over the header with zeroes in its own place")
    func checksum() throws {
        // RFC 3720, appendix B.4, and the usual check value.
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xe306_9283)
        var header = Self.header(0x21, 0x11, Self.ipv4 + [3, 0, 4, 0, 0, 0, 0] + Self.values)
        let sum = CRC32C.checksum(header)
        for index in 0..<4 { header[31 + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index)) }
        #expect(try ProxyHeader.source(header)?.description == "192.0.2.7:8080")
        header[16] ^= 1
        #expect(throws: ProxyHeader.Fault.wrongChecksum) { try ProxyHeader.source(header) }
    }

    @Test("No header makes it trap", arguments: 0..<200 as Range<UInt64>)
    func mutations(seed: UInt64) throws {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        for _ in 0..<50 {
            var header = [Self.header(0x21, 0x11, Self.ipv4 + Self.values), Self.header(0x21, 0x21, Self.ipv6)][next() % 2]
            for _ in 0...next() % 4 { header[12 + next() % (header.count - 12)] = UInt8(next() & 255) }
            header.removeLast(next() % 5)
            // Either it names an address, or it is refused.
            _ = try? ProxyHeader.source(header)
        }
    }
}
