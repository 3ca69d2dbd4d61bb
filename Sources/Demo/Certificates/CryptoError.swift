// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// A call into libcrypto that failed: what was tried, and the last reason on libcrypto's error queue.
struct CryptoError: Error, CustomStringConvertible {
    let operation: String
    let reason: String

    /// Takes the reason from this thread's error queue and empties it.
    init(_ operation: String) {
        self.operation = operation
        var text = [CChar](repeating: 0, count: 256)
        let code = ERR_peek_last_error()
        unsafe text.withUnsafeMutableBufferPointer { buffer in
            unsafe ERR_error_string_n(code, buffer.baseAddress, buffer.count)
        }
        ERR_clear_error()
        self.reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var description: String { "\(operation): \(reason)" }
}
