// SPDX-License-Identifier: Apache-2.0

import CLinux
import Synchronization

/// The standard streams that a process of ours was started with.
package enum StandardStream {
    /// PIPE_BUF: a write of no more is taken by a pipe in one piece or not at all, so lines of several processes never
    /// mix.
    package static let piece = 4_096

    /// All of standard input up to its end. More than `limit` bytes: EFBIG.
    package static func readInput(atMost limit: Int, from descriptor: Int32 = 0) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: piece)
        while true {
            let count = try Errno.check(
                unsafe chunk.withUnsafeMutableBytes { unsafe lg_read(descriptor, $0.baseAddress, $0.count) })
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw Errno(27) }
        }
    }

    /// Writes all of it to standard output, for commands that have no event loop.
    package static func writeOutput(_ bytes: [UInt8]) throws(Errno) {
        var rest = bytes[...]
        while !rest.isEmpty {
            rest = rest.dropFirst(
                try Errno.check(unsafe rest.withUnsafeBytes { unsafe lg_write(1, $0.baseAddress, $0.count) }))
        }
    }

    /// Lines that this process had for standard error and could not get rid of, since it started. As standard error itself
    /// there is one of it in a process.
    package static var linesLost: UInt64 { lost.load(ordering: .relaxed) }
    private static let lost = Atomic<UInt64>(0)

    /// Counts such lines; also those that this process had lost as another program.
    package static func loseLines(_ count: Int) {
        lost.wrappingAdd(UInt64(count), ordering: .relaxed)
    }

    /// Writes lines to standard error without ever waiting for its reader; what it does not take at once is lost, and
    /// counted.
    package static func writeError(_ bytes: [UInt8]) {
        let rest = write(lines: bytes, to: 2)
        if !rest.isEmpty { loseLines(max(1, rest.count { $0 == UInt8(ascii: "\n") })) }
    }

    /// Gives what was not taken.
    static func write(lines bytes: [UInt8], to descriptor: Int32) -> ArraySlice<UInt8> {
        var rest = bytes[...]
        while !rest.isEmpty {
            var next = rest.prefix(piece)
            if next.count < rest.count, let newline = next.lastIndex(of: UInt8(ascii: "\n")) { next = next[...newline] }
            let count = unsafe next.withUnsafeBytes { buffer in
                unsafe lg_write_if_ready(descriptor, buffer.baseAddress, buffer.count)
            }
            // Of a line that was written in part the rest is lost with what comes behind it.
            if count != next.count { return rest.dropFirst(max(0, count)) }
            rest = rest[next.endIndex...]
        }
        return rest
    }
}
