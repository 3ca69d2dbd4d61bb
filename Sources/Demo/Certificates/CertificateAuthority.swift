// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// A certificate authority made on the spot: one self-signed certificate, and the key it signs others with.
@safe final class CertificateAuthority {
    /// What a certificate may be used for.
    enum Purpose {
        /// A server on this machine: localhost, 127.0.0.1 and ::1.
        case localServer
        /// A client whose user name is the common name.
        case client
    }

    private let key: PrivateKey
    private let certificate: OpaquePointer

    init(commonName: String) throws(CryptoError) {
        let key = try PrivateKey(generating: .p256)
        self.key = key
        unsafe self.certificate = try Self.unsigned(commonName: commonName, key: key)
        let name = unsafe X509_get_subject_name(certificate)
        guard unsafe X509_set_issuer_name(certificate, name) == 1 else { throw CryptoError("X509_set_issuer_name") }
        try unsafe Self.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0", to: certificate, issuer: certificate)
        try unsafe Self.add(NID_key_usage, "critical,keyCertSign,cRLSign", to: certificate, issuer: certificate)
        try unsafe Self.add(NID_subject_key_identifier, "hash", to: certificate, issuer: certificate)
        guard unsafe X509_sign(certificate, key.handle, EVP_sha256()) > 0 else { throw CryptoError("X509_sign") }
    }

    deinit {
        unsafe X509_free(certificate)
    }

    func pem() throws(CryptoError) -> String {
        try unsafe Self.pem(of: certificate)
    }

    /// Signs a certificate for `key`; returns it as PEM.
    func issue(commonName: String, key: PrivateKey, for purpose: Purpose) throws(CryptoError) -> String {
        let leaf = try unsafe Self.unsigned(commonName: commonName, key: key)
        defer { unsafe X509_free(leaf) }
        guard unsafe X509_set_issuer_name(leaf, X509_get_subject_name(certificate)) == 1 else {
            throw CryptoError("X509_set_issuer_name")
        }
        try unsafe Self.add(NID_basic_constraints, "critical,CA:FALSE", to: leaf, issuer: certificate)
        try unsafe Self.add(NID_key_usage, "critical,digitalSignature", to: leaf, issuer: certificate)
        try unsafe Self.add(NID_authority_key_identifier, "keyid", to: leaf, issuer: certificate)
        switch purpose {
        case .localServer:
            let names = "DNS:localhost,IP:127.0.0.1,IP:::1"
            try unsafe Self.add(NID_ext_key_usage, "serverAuth", to: leaf, issuer: certificate)
            try unsafe Self.add(NID_subject_alt_name, names, to: leaf, issuer: certificate)
        case .client:
            try unsafe Self.add(NID_ext_key_usage, "clientAuth", to: leaf, issuer: certificate)
        }
        guard unsafe X509_sign(leaf, self.key.handle, EVP_sha256()) > 0 else { throw CryptoError("X509_sign") }
        return try unsafe Self.pem(of: leaf)
    }

    /// The common name in a DER certificate's subject; nil if there is none or the bytes are no certificate.
    static func commonName(ofDER der: [UInt8]) -> String? {
        let parsed = unsafe der.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return unsafe d2i_X509(nil, &start, buffer.count)
        }
        guard let parsed = unsafe parsed else {
            ERR_clear_error()
            return nil
        }
        defer { unsafe X509_free(parsed) }
        var text = [CChar](repeating: 0, count: 256)
        let count = unsafe text.withUnsafeMutableBufferPointer { buffer in
            unsafe X509_NAME_get_text_by_NID(
                X509_get_subject_name(parsed), NID_commonName, buffer.baseAddress, Int32(buffer.count))
        }
        guard count >= 0 else { return nil }
        return String(decoding: text.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Version 3, a random serial number, valid from an hour ago (clocks differ) for a year.
    private static func unsigned(commonName: String, key: PrivateKey) throws(CryptoError) -> OpaquePointer {
        guard let made = unsafe X509_new() else { throw CryptoError("X509_new") }
        let name = unsafe X509_get_subject_name(made)
        let serial = Int64.random(in: 1...Int64.max)
        guard unsafe X509_set_version(made, 2) == 1,
            unsafe ASN1_INTEGER_set_int64(X509_get_serialNumber(made), serial) == 1,
            unsafe X509_gmtime_adj(X509_getm_notBefore(made), -3_600) != nil,
            unsafe X509_gmtime_adj(X509_getm_notAfter(made), 365 * 86_400) != nil,
            unsafe X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, commonName, -1, -1, 0) == 1,
            unsafe X509_set_pubkey(made, key.handle) == 1
        else {
            unsafe X509_free(made)
            throw CryptoError("making a certificate")
        }
        return unsafe made
    }

    private static func add(
        _ nid: Int32, _ value: String, to certificate: OpaquePointer, issuer: OpaquePointer
    ) throws(CryptoError) {
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, issuer, certificate, nil, nil, 0)
        guard let made = unsafe X509V3_EXT_conf_nid(nil, &context, nid, value) else {
            throw CryptoError("extension \(value)")
        }
        defer { unsafe X509_EXTENSION_free(made) }
        guard unsafe X509_add_ext(certificate, made, -1) == 1 else { throw CryptoError("extension \(value)") }
    }

    private static func pem(of certificate: OpaquePointer) throws(CryptoError) -> String {
        let bio = try MemoryBIO()
        guard unsafe PEM_write_bio_X509(bio.handle, certificate) == 1 else {
            throw CryptoError("writing a certificate")
        }
        return bio.text()
    }
}
