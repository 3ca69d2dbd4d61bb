// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// What the kernel says of a process from outside (proc(5)).
package enum ProcessFigures {
    /// Anonymous memory in use, in bytes: RssAnon of /proc/PID/status, which anyone may read.
    package static func rssAnonBytes(pid: Int32) -> UInt64? {
        guard let status = try? SmallFile.read("/proc/\(pid)/status") else { return nil }
        return rssAnonBytes(status: status)
    }

    package static func rssAnonBytes(status: String) -> UInt64? {
        for line in status.split(separator: "\n") where line.hasPrefix("RssAnon:") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            return words.count >= 2 ? UInt64(words[1]).map { $0 * 1_024 } : nil
        }
        return nil
    }

    /// Descriptors open; nil: this kernel does not tell. A process that is not dumpable shows its descriptors to root
    /// alone, but since Linux 6.2 the folder's size is their number, for everyone.
    package static func descriptors(pid: Int32) -> Int? {
        guard let folder = unsafe opendir("/proc/\(pid)/fd") else {
            var status = stat()
            guard unsafe stat("/proc/\(pid)/fd", &status) == 0, status.st_size > 0 else { return nil }
            return Int(status.st_size)
        }
        defer { unsafe closedir(folder) }
        var count = 0
        while unsafe readdir(folder) != nil { count += 1 }
        // Less `.` and `..`, and the descriptor that reads this folder when it is our own.
        return count - 2 - (pid == getpid() ? 1 : 0)
    }

    package static var ownPid: Int32 { getpid() }

    /// Cores that this process may run on.
    package static var usableCores: Int { max(1, ProcessorAffinity.of(pid: 0).count) }
}

/// Small files of the kernel, read whole.
package enum SmallFile {
    /// Up to 64 KiB of text.
    package static func read(_ path: String) throws(Errno) -> String {
        let raw = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { throw Errno(errno) }
        let file = FileDescriptor(owning: raw)
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe lg_read(file.raw, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
            }
            let read = try Errno.check(count)
            if read == 0 { break }
            filled += read
        }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }

    /// In one write, as the kernel wants it; the file must be there.
    package static func write(_ text: String, to path: String) throws(Errno) {
        let raw = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard raw >= 0 else { throw Errno(errno) }
        let file = FileDescriptor(owning: raw)
        let bytes = Array(text.utf8)
        _ = try Errno.check(unsafe bytes.withUnsafeBytes { unsafe lg_write(file.raw, $0.baseAddress, $0.count) })
    }
}
