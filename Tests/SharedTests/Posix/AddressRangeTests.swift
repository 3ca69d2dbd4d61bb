// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.1.2.3", "10.1.2.3", true),
        ("10.1.2.3", "10.1.2.4", false), ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "::1", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
        ("::1/128", "::1", true), ("::1", "::2", false), ("::/0", "fe80::1", true),
        ("2001:db8:0:0:8000::/65", "2001:db8::8000:0:0:1", true), ("2001:db8:0:0:8000::/65", "2001:db8::1", false),
        // IPv4 as a socket of both families shows it.
        ("10.0.0.0/8", "::ffff:10.1.1.1", true), ("::ffff:10.1.1.1", "10.1.1.1", true), ("::/0", "::ffff:10.1.1.1", false),
    ])
    func contains(range: String, address: String, inside: Bool) throws {
        let address = try #require(SocketAddress(host: address, port: 80))
        #expect(try #require(AddressRange(range)).contains(address) == inside)
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "::/129", "2001:db8::1/32", "localhost",
        "10.0.0.0/8/8", "/8", "10.0.0.0/-1",
    ])
    func isNone(text: String) { #expect(AddressRange(text) == nil) }

    @Test func nobodyElse() throws {
        #expect(try #require(AddressRange("0.0.0.0/0")).contains(.unix) == false)
        #expect(try #require(AddressRange("::/0")).contains(.unspecified) == false)
        #expect("\(try #require(AddressRange("10.0.0.0/8")))" == "10.0.0.0/8")
    }
}
