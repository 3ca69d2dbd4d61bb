// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Standard output, read by someone who waits for each line.
enum StandardOutput {
    static func print(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
