// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Testing

@testable import Shared

/// What decides whether a dead worker's connection may be handed to another: was any byte read from it?
@Suite("Bytes consumed of a TCP connection")
struct TCPBytesConsumedTests {
    let client: Int32
    let server: Int32

    init() throws {
        let stream = Int32(SOCK_STREAM.rawValue)
        let listener = FileDescriptor(owning: try Errno.check(lg_socket(AF_INET, stream)))
        var (storage, length) = try #require(SocketAddress("127.0.0.1:0")).storage
        _ = try Errno.check(unsafe lg_bind(listener.raw, &storage, length))
        _ = try Errno.check(lg_listen(listener.raw, 1))
        _ = try Errno.check(unsafe lg_getsockname(listener.raw, &storage, &length))
        client = try Errno.check(lg_socket(AF_INET, stream))
        let connected = unsafe lg_connect(client, &storage, length)
        try #require(connected == 0 || connected == -EINPROGRESS)
        var accepted: Int32 = -1
        let raw = listener.raw
        try #require(
            eventually {
                accepted = unsafe lg_accept(raw, &storage, &length)
                return accepted >= 0
            })
        server = accepted
    }

    private func send(_ count: Int) {
        #expect(Sockets.write(client, [UInt8](repeating: 7, count: count)) == count)
    }

    /// Waits until so many unread bytes (and, if said, the FIN) are there.
    private func waitFor(unread: Int, fin: Bool = false) {
        var room = [UInt8](repeating: 0, count: 4_096)
        let came = eventually {
            var state = pollfd(fd: server, events: 0x2000, revents: 0)  // POLLRDHUP
            _ = unsafe poll(&state, 1, 0)
            let peeked = unsafe recv(server, &room, room.count, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
            return max(0, peeked) == unread && (state.revents & 0x2000 != 0) == fin
        }
        #expect(came)
    }

    private func end() { for fd in [client, server] { close(fd) } }

    @Test func nothingSent() {
        #expect(lg_tcp_bytes_consumed(server) == 0)
        end()
    }

    @Test(arguments: [1, 1_000]) func sentAndUnread(count: Int) {
        send(count)
        waitFor(unread: count)
        #expect(lg_tcp_bytes_consumed(server) == 0)
        end()
    }

    @Test func peekingIsNotReading() {
        send(10)
        waitFor(unread: 10)
        waitFor(unread: 10)
        #expect(lg_tcp_bytes_consumed(server) == 0)
        end()
    }

    @Test func partlyRead() {
        send(1_000)
        waitFor(unread: 1_000)
        #expect(Sockets.read(server, atMost: 1)?.count == 1)
        #expect(lg_tcp_bytes_consumed(server) == 1)
        #expect(Sockets.read(server, atMost: 299)?.count == 299)
        #expect(lg_tcp_bytes_consumed(server) == 300)
        send(50)
        waitFor(unread: 750)
        #expect(lg_tcp_bytes_consumed(server) == 300)
        end()
    }

    @Test func aFINWithoutDataReadOrNot() {
        lg_shutdown(client, Int32(SHUT_WR))
        waitFor(unread: 0, fin: true)
        #expect(lg_tcp_bytes_consumed(server) == 0)
        #expect(Sockets.read(server) == [])
        #expect(lg_tcp_bytes_consumed(server) == 0)
        end()
    }

    @Test func dataAndAFINUnreadThenPartlyAndAllRead() {
        send(100)
        lg_shutdown(client, Int32(SHUT_WR))
        waitFor(unread: 100, fin: true)
        #expect(lg_tcp_bytes_consumed(server) == 0)
        #expect(Sockets.read(server, atMost: 1)?.count == 1)
        #expect(lg_tcp_bytes_consumed(server) == 1)
        #expect(Sockets.read(server, atMost: 99)?.count == 99)
        #expect(lg_tcp_bytes_consumed(server) == 100)
        #expect(Sockets.read(server) == [])
        #expect(lg_tcp_bytes_consumed(server) == 100)
        end()
    }

    @Test func dataReadBeforeTheFIN() {
        send(100)
        waitFor(unread: 100)
        #expect(Sockets.read(server)?.count == 100)
        lg_shutdown(client, Int32(SHUT_WR))
        waitFor(unread: 0, fin: true)
        #expect(lg_tcp_bytes_consumed(server) == 100)
        end()
    }

    @Test func onlyTCPHasTheCount() throws {
        let (left, right) = try Sockets.streamPair()
        #expect(lg_tcp_bytes_consumed(left) < 0)
        for fd in [left, right] { close(fd) }
        end()
    }
}
