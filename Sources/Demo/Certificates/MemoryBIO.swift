// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// A memory BIO: where libcrypto reads and writes PEM and DER text.
@safe struct MemoryBIO: ~Copyable {
    let handle: OpaquePointer

    /// An empty one, to be written to.
    init() throws(CryptoError) {
        guard let handle = unsafe BIO_new(BIO_s_mem()) else { throw CryptoError("BIO_new") }
        unsafe self.handle = handle
    }

    /// One that holds `text`, to be read from.
    static func holding(_ text: String) throws(CryptoError) -> MemoryBIO {
        let bio = try MemoryBIO()
        let bytes = Array(text.utf8)
        let written = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe BIO_write(bio.handle, buffer.baseAddress, Int32(buffer.count))
        }
        guard Int(written) == bytes.count else { throw CryptoError("BIO_write") }
        return bio
    }

    deinit {
        unsafe BIO_free_all(handle)
    }

    /// Everything that was written, as text.
    func text() -> String {
        var start: UnsafePointer<UInt8>?
        let count = unsafe lg_bio_contents(handle, &start)
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }
}
