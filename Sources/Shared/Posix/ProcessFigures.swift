// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// What the kernel says of a process from outside (proc(5)).
package enum ProcessFigures {
    /// Anonymous memory in use, in bytes: RssAnon of /proc/PID/status, which anyone may read.
    package static func rssAnonBytes(pid: Int32) -> UInt64? {
        guard let status = try? SmallFile.readBytes("/proc/\(pid)/status") else { return nil }
        return rssAnonBytes(status: status.span)
    }

    package static func rssAnonBytes(status: Span<UInt8>) -> UInt64? {
        SmallFile.number(of: "RssAnon:", in: status).map { $0 * 1_024 }
    }

    /// Descriptors open; nil: this kernel does not tell. Since Linux 6.2 the folder's size is their number, for everyone
    /// and at once; before, they have to be counted, which only root may do with a process that is not dumpable.
    package static func descriptors(pid: Int32) -> Int? {
        var status = stat()
        if unsafe stat("/proc/\(pid)/fd", &status) == 0, status.st_size > 0 { return Int(status.st_size) }
        guard let folder = unsafe opendir("/proc/\(pid)/fd") else { return nil }
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
        String(decoding: try readBytes(path), as: UTF8.self)
    }

    /// Up to 64 KiB. Most files of the kernel fit into the first page, and one read.
    package static func readBytes(_ path: String) throws(Errno) -> [UInt8] {
        let raw = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { throw Errno(errno) }
        let file = FileDescriptor(owning: raw)
        var bytes: [UInt8] = []
        var page = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < 65_536 {
            let count = unsafe page.withUnsafeMutableBytes { unsafe lg_read(file.raw, $0.baseAddress, $0.count) }
            let read = try Errno.check(count)
            if read == 0 { break }
            bytes.append(contentsOf: page[..<read])
        }
        return bytes
    }

    /// The number that the line of this name has behind blanks; nil: there is none.
    ///
    /// Byte by byte: such files are read for every child once a second, and to take them apart as text was most of what an
    /// idle supervisor did.
    package static func number(of name: StaticString, in text: Span<UInt8>) -> UInt64? {
        var line = 0
        while line < text.count {
            if begins(text, at: line, with: name) { return number(text, from: line + name.utf8CodeUnitCount) }
            while line < text.count, text[line] != UInt8(ascii: "\n") { line += 1 }
            line += 1
        }
        return nil
    }

    private static func begins(_ text: Span<UInt8>, at start: Int, with name: StaticString) -> Bool {
        guard text.count - start > name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { wanted in
            for index in 0..<wanted.count where unsafe wanted[index] != text[start + index] { return false }
            return true
        }
    }

    private static func number(_ text: Span<UInt8>, from start: Int) -> UInt64? {
        var index = start
        while index < text.count, text[index] == UInt8(ascii: " ") || text[index] == UInt8(ascii: "\t") { index += 1 }
        var value: UInt64?
        while index < text.count, case let digit = text[index] &- UInt8(ascii: "0"), digit < 10 {
            // The kernel's numbers are far below any overflow; should one not be, it is no number.
            guard (value ?? 0) < 1 << 50 else { return nil }
            value = (value ?? 0) * 10 + UInt64(digit)
            index += 1
        }
        return value
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
