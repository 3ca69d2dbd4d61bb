// SPDX-License-Identifier: Apache-2.0

import CLinux

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

    /// Writes lines to standard error without ever waiting for its reader; what it does not take at once is lost.
    package static func writeError(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            var next = rest.prefix(piece)
            if next.count < rest.count, let newline = next.lastIndex(of: UInt8(ascii: "\n")) { next = next[...newline] }
            let count = unsafe next.withUnsafeBytes { buffer in
                unsafe lg_write_if_ready(2, buffer.baseAddress, buffer.count)
            }
            if count != next.count { return }
            rest = rest[next.endIndex...]
        }
    }
}
