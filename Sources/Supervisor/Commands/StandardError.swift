// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a command has to say when it fails.
enum StandardError {
    static func write(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }
}
