// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An error number of the kernel (errno(3)).
package struct Errno: Error, Equatable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: Int32

    package init(_ rawValue: Int32) {
        self.rawValue = rawValue
    }

    package static let invalid = Errno(EINVAL)
    package static let badDescriptor = Errno(EBADF)
    package static let again = Errno(EAGAIN)
    package static let inProgress = Errno(EINPROGRESS)
    package static let interrupted = Errno(EINTR)
    package static let tooManyFiles = Errno(EMFILE)
    package static let tooManyFilesInSystem = Errno(ENFILE)
    package static let outOfBuffers = Errno(ENOBUFS)
    package static let outOfMemory = Errno(ENOMEM)
    package static let connectionReset = Errno(ECONNRESET)
    package static let connectionAborted = Errno(ECONNABORTED)
    /// Too many descriptors on their way in Unix sockets (unix(7)).
    package static let tooManyReferences = Errno(ETOOMANYREFS)
    package static let addressInUse = Errno(EADDRINUSE)
    package static let connectionRefused = Errno(ECONNREFUSED)
    package static let notFound = Errno(ENOENT)
    package static let busy = Errno(EBUSY)
    package static let exists = Errno(EEXIST)
    package static let permissionDenied = Errno(EACCES)
    package static let notPermitted = Errno(EPERM)
    package static let timedOut = Errno(ETIMEDOUT)
    package static let nameTooLong = Errno(ENAMETOOLONG)
    package static let brokenPipe = Errno(EPIPE)

    /// There is nothing left to make another descriptor of: it may be otherwise soon.
    package var isExhaustion: Bool {
        [.tooManyFiles, .tooManyFilesInSystem, .outOfBuffers, .outOfMemory].contains(self)
    }

    /// The text of strerror(3).
    package var description: String {
        var bytes = [CChar](repeating: 0, count: 128)
        return unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return "errno \(rawValue)" }
            // The GNU variant gives a pointer, the POSIX one (imported here) fills the buffer.
            guard unsafe strerror_r(rawValue, base, buffer.count) == 0 else { return "errno \(rawValue)" }
            return unsafe String(cString: base)
        }
    }

    /// Gives the value of a call that answers below zero with the negated error number.
    package static func check<Value: SignedInteger>(_ result: Value) throws(Errno) -> Value {
        if result < 0 { throw Errno(Int32(truncatingIfNeeded: -result)) }
        return result
    }
}
