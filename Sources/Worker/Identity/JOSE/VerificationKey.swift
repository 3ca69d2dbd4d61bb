// SPDX-License-Identifier: Apache-2.0

internal import CJose
import Shared

/// A public key imported into cjose, ready to verify. Owns the imported key.
@safe final class VerificationKey {
    let key: JSONWebKey
    /// SHA-256 of the key's required members (RFC 7638): the same key in another generation has the same.
    let thumbprint: TokenDigest
    private let handle: OpaquePointer

    /// Imports the key; the library also checks that an EC point is on its curve.
    init(_ key: JSONWebKey) throws(JSONWebKey.Problem) {
        var text = Array(key.canonical.utf8)
        let thumbprint = TokenDigester.digest(text.span)
        let imported = unsafe text.withUnsafeMutableBytes { buffer -> OpaquePointer? in
            let characters = unsafe buffer.assumingMemoryBound(to: CChar.self)
            return unsafe cjose_jwk_import(characters.baseAddress, characters.count, nil)
        }
        ERR_clear_error()
        guard let handle = unsafe imported else { throw .rejectedByLibrary }
        self.key = key
        self.thumbprint = thumbprint
        unsafe self.handle = handle
    }

    deinit {
        _ = unsafe cjose_jwk_release(handle)
    }

    /// Whether this key made the token's signature. The caller has checked the form (`CompactToken`), the algorithm
    /// against the key (`JSONWebKey.suits`) and the signature's length: cjose alone is too forgiving in all three.
    func verifies(_ token: Span<UInt8>) -> Bool {
        if DeliberateFault.isOn(.signatureIgnored) { return true }
        let valid = unsafe token.withUnsafeBytes { buffer -> Bool in
            let characters = unsafe buffer.assumingMemoryBound(to: CChar.self)
            guard let jws = unsafe cjose_jws_import(characters.baseAddress, characters.count, nil) else { return false }
            defer { unsafe cjose_jws_release(jws) }
            return unsafe cjose_jws_verify(jws, handle, nil)
        }
        // A refused signature leaves entries in the thread's error queue; TLS on the same thread must not find them.
        ERR_clear_error()
        return valid
    }
}
