// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// One look-up of a host name in the background. Whoever started it asks from time to time whether it is done.
@safe package final class HostResolution {
    private var handle: OpaquePointer?

    package enum Outcome: Equatable, Sendable {
        case pending
        /// Addresses, with port 0.
        case addresses([SocketAddress])
        case failed(String)
    }

    package init(host: String) {
        unsafe handle = lg_resolve_start(host)
    }

    deinit {
        // One that is still going on belongs to glibc's thread: its few hundred bytes are left to it.
        if unsafe handle != nil { _ = poll() }
    }

    package func poll() -> Outcome {
        guard let handle = unsafe handle else { return .failed("the look-up could not be started") }
        var storage = [sockaddr_storage](repeating: sockaddr_storage(), count: 16)
        var count: Int32 = 0
        let result = unsafe storage.withUnsafeMutableBufferPointer { buffer in
            unsafe lg_resolve_poll(handle, buffer.baseAddress, Int32(buffer.count), &count)
        }
        if result == 0 { return .pending }
        unsafe lg_resolve_free(handle)
        unsafe self.handle = nil
        guard result > 0 else { return .failed(unsafe String(cString: gai_strerror(result))) }
        return .addresses(storage[0..<Int(count)].map { SocketAddress($0) })
    }
}
