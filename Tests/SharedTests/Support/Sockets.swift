// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Shared
import Testing

/// Real descriptors for tests, by number: a test closes what it does not hand over. All are non-blocking and CLOEXEC.
enum Sockets {
    static func streamPair() throws -> (left: Int32, right: Int32) {
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(unsafe socketpair(AF_UNIX, type, 0, &pair) == 0)
        return (pair[0], pair[1])
    }

    static func recordPair() throws -> (left: Int32, right: Int32) {
        var pair: [Int32] = [-1, -1]
        try #require(unsafe lg_socketpair_seqpacket(&pair) == 0)
        return (pair[0], pair[1])
    }

    static func write(_ fd: Int32, _ bytes: [UInt8]) -> Int {
        unsafe bytes.withUnsafeBytes { unsafe lg_send(fd, $0.baseAddress, $0.count) }
    }

    static func write(_ fd: Int32, _ text: String) -> Int {
        write(fd, Array(text.utf8))
    }

    /// One read of at most so many bytes; nil: an error, usually nothing there.
    static func read(_ fd: Int32, atMost count: Int = 65_536) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let result = unsafe bytes.withUnsafeMutableBytes { unsafe lg_read(fd, $0.baseAddress, $0.count) }
        return result < 0 ? nil : Array(bytes[0..<result])
    }

    /// Everything up to the end of file; nil: it did not come in time.
    static func readToEnd(_ fd: Int32) -> String? {
        var all: [UInt8] = []
        let ended = eventually {
            while let bytes = read(fd) {
                if bytes.isEmpty { return true }
                all += bytes
            }
            return false
        }
        return ended ? String(decoding: all, as: UTF8.self) : nil
    }

    static func sendRecord(_ fd: Int32, _ bytes: [UInt8], passing descriptor: Int32 = -1) -> Int {
        unsafe bytes.withUnsafeBytes { unsafe lg_send_record(fd, $0.baseAddress, $0.count, descriptor) }
    }
}

/// Looks every millisecond, for ten seconds at most, whether something has become true.
func eventually(_ condition: () -> Bool) -> Bool {
    let deadline = Instant(nanoseconds: lg_monotonic_ns()) + .seconds(10)
    while !condition() {
        if Instant(nanoseconds: lg_monotonic_ns()) > deadline { return false }
        usleep(1_000)
    }
    return true
}
