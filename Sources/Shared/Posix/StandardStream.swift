// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The standard streams that a process of ours was started with.
package enum StandardStream {
    /// PIPE_BUF: a write of no more is taken by a pipe in one piece or not at all, so lines of several processes never
    /// mix.
    package static let piece = 4_096

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
