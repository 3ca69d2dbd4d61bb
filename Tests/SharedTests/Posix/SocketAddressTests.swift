// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Shared

@Suite("Socket address")
struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8443", "127.0.0.1:8443", true), ("127.255.0.9:0", "127.255.0.9:0", true),
        ("0.0.0.0:1", "0.0.0.0:1", false), ("128.0.0.1:65535", "128.0.0.1:65535", false),
        ("255.255.255.255:80", "255.255.255.255:80", false), ("[::1]:443", "[::1]:443", true),
        ("[::]:443", "[::]:443", false), ("[::2]:443", "[::2]:443", false),
        ("[2001:DB8:0:0:0:0:0:1]:6443", "[2001:db8::1]:6443", false),
        ("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", true),
        ("[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1", false), ("[1::1]:1", "[1::1]:1", false),
    ])
    func parsesAndPrints(text: String, printed: String, loopback: Bool) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.description == printed)
        #expect(address.isLoopback == loopback)
        let (storage, length) = address.storage
        #expect(length == (address.family == .ipv4 ? 16 : 28))
        #expect(SocketAddress(storage) == address)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+80", "127.0.0.1:8O",
        "127.0.0.1: 80", " 127.0.0.1:80", "127.1:80", "127.0.0.256:80", "0x7f.0.0.1:80", "localhost:80", "::1:80",
        "[::1]", "[::1]80", "[::1:80", "::1]:80", "[127.0.0.1]:80", "[[::1]]:80", "[::1%lo]:80", "[::g]:80", "[]:80",
        "127.0.0.1\0:80", "[::1\0]:80", "127.0.0.1:８0",
    ])
    func refuses(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test func wordsAreInNetworkOrder() throws {
        #expect(try #require(SocketAddress("1.2.3.4:5")).low == 0x0102_0304)
        let address = try #require(SocketAddress("[102:304:506:708:90a:b0c:d0e:f10]:5"))
        #expect(address.high == 0x0102_0304_0506_0708)
        #expect(address.low == 0x090a_0b0c_0d0e_0f10)
    }

    @Test func othersHaveNames() {
        #expect(SocketAddress.unix.description == "unix")
        #expect(SocketAddress.unspecified.description == "unknown")
        #expect(SocketAddress.unix.isLoopback)
        #expect(!SocketAddress.unspecified.isLoopback)
        #expect(SocketAddress.unix.storage.1 == 0)
    }
}
