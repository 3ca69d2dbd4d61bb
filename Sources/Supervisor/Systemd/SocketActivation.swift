// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Glibc
import Shared

/// The sockets that systemd passed to us (sd_listen_fds_with_names(3)). Whoever makes one owns them all: what is not
/// taken is closed at its end.
final class SocketActivation {
    private static let first: Int32 = 3
    /// `FileDescriptorName=` of each socket; `unknown` when systemd gave none.
    let names: [String]
    private var taken: [Bool]

    /// - Throws: the error of a malformed LISTEN_FDS.
    init() throws(Errno) {
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = try Errno.check(unsafe sd_listen_fds_with_names(1, &list))
        var names: [String] = []
        for index in 0..<Int(count) {
            if let name = unsafe list?[index] {
                names.append(unsafe String(cString: name))
                unsafe free(name)
            } else {
                names.append("unknown")
            }
        }
        unsafe free(list)
        self.names = names
        taken = .init(repeating: false, count: names.count)
    }

    deinit {
        for index in names.indices where !taken[index] {
            _ = FileDescriptor(owning: Self.first + Int32(index))
        }
    }

    /// Whether it is a stream socket that listens, which is all that we can use.
    func isListening(_ index: Int) -> Bool {
        sd_is_socket(Self.first + Int32(index), AF_UNSPEC, Int32(SOCK_STREAM.rawValue), 1) > 0
    }

    /// Gives socket `index` away; its taker owns it.
    func take(_ index: Int) -> FileDescriptor {
        precondition(!taken[index], "taken already")
        taken[index] = true
        return FileDescriptor(owning: Self.first + Int32(index))
    }
}
