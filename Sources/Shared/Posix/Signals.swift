// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Signals as events of the loop (signalfd(2)): blocked for the process, read as records.
package struct SignalDescriptor: ~Copyable {
    package let descriptor: FileDescriptor

    package init(_ signals: [Int32]) throws(Errno) {
        let raw = unsafe signals.withUnsafeBufferPointer { buffer in
            unsafe lg_signal_descriptor(buffer.baseAddress, Int32(buffer.count))
        }
        descriptor = FileDescriptor(owning: try Errno.check(raw))
        lg_ignore_sigpipe()
    }

    /// The next signal that has arrived; nil: none.
    package func next() -> Int32? {
        let signal = lg_read_signal(descriptor.raw)
        return signal > 0 ? signal : nil
    }
}
