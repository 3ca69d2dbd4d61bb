// SPDX-License-Identifier: Apache-2.0

internal import Foundation

extension Sockets {
    /// A connection to a Unix stream socket.
    static func connect(toUnixSocket path: String) throws(HarnessError) -> Int32 {
        var value = sockaddr_un()
        value.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: value.sun_path)
        guard path.utf8.count < room else { throw .unexpected("a path too long for a Unix socket: \(path)") }
        unsafe withUnsafeMutableBytes(of: &value.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        let result = unsafe withUnsafePointer(to: &value) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let reason = lastError
            _ = Foundation.close(descriptor)
            throw .system(call: "connect to \(path)", reason: reason)
        }
        return descriptor
    }
}
