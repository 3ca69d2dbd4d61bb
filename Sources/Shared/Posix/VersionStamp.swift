// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The section of this program that holds a version, if somebody wrote one into it (scripts/stamp-version).
enum VersionStamp {
    static var text: String? {
        var bytes = [CChar](repeating: 0, count: 65)
        return unsafe bytes.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let base = buffer.baseAddress else { return nil }
            unsafe lg_version_stamp(base, buffer.count)
            let text = unsafe String(cString: base)
            return text.isEmpty ? nil : text
        }
    }
}
