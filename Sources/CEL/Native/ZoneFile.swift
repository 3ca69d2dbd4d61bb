// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Reads a time zone's file out of the system's database. The only input and output of this module.
enum ZoneFile {
    /// No real file is bigger than a few KiB.
    private static let limit = 64 * 1024
    private static let folder = "/usr/share/zoneinfo/"

    /// The file's bytes, or nil if the name is not one of a zone here. Names may come from the input, so only those of
    /// the database's own form are looked up: no path leaves its folder.
    static func read(_ name: String) -> [UInt8]? {
        guard isZoneName(name) else { return nil }
        let descriptor = unsafe open(folder + name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            while count < limit {
                let received = unsafe Glibc.read(
                    descriptor, buffer.baseAddress.map { unsafe $0 + count }, limit - count)
                guard received > 0 else { break }
                count += received
            }
        }
        return bytes.isEmpty || bytes.count == limit ? nil : bytes
    }

    static func isZoneName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, bytes.count <= 64, first >= UInt8(ascii: "A"), first <= UInt8(ascii: "Z") else {
            return false
        }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "/"): true
            default: false
            }
        }
    }
}
