// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Small regular files: certificates, keys, tokens.
package enum FileReader {
    /// Larger ones are refused (EFBIG).
    package static let maxSize = 1_048_576

    package static func read(_ path: String) throws(Errno) -> [UInt8] {
        let file = FileDescriptor(owning: try Errno.check(unsafe lg_open_for_reading(path)))
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { room in
                unsafe lg_read(file.raw, room.baseAddress, room.count)
            }
            let filled = try Errno.check(count)
            if filled == 0 { return bytes }
            bytes.append(contentsOf: chunk[0..<filled])
            guard bytes.count <= maxSize else { throw Errno(27) }
        }
    }
}

/// Files that are read again when they change.
package struct WatchedFiles {
    private var stamps: [String: Stamp] = [:]

    private struct Stamp: Equatable {
        var modified: Int64 = 0
        var size: Int64 = -1
        var inode: UInt64 = 0

        init(path: String) {
            var stamp = lg_file_stamp()
            guard unsafe lg_stat_stamp(path, &stamp) else { return }
            modified = stamp.modified_ns
            size = stamp.size
            inode = stamp.inode
        }
    }

    package init(_ paths: [String]) {
        for path in paths { stamps[path] = Stamp(path: path) }
    }

    /// Whether any of them is another one than when this was last asked.
    package mutating func haveChanged() -> Bool {
        var changed = false
        for (path, old) in stamps {
            let new = Stamp(path: path)
            if new != old {
                stamps[path] = new
                changed = true
            }
        }
        return changed
    }
}
