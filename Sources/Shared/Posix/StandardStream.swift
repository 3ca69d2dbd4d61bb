// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The standard streams that a process of ours was started with.
package enum StandardStream {
    /// Writes to standard error once; what it does not take is lost.
    package static func writeError(_ bytes: [UInt8]) {
        _ = unsafe bytes.withUnsafeBytes { buffer in unsafe lg_write(2, buffer.baseAddress, buffer.count) }
    }
}
