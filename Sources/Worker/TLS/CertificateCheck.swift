// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// Looks into certificates and keys before anything depends on them, with the OpenSSL that will use them.
///
/// Every function answers with complaints in plain words; none of them ever holds a byte of a key.
enum CertificateCheck {
    /// Where PEM text comes from.
    enum Source {
        case file(String)
        case text(String)
    }

    /// What is wrong with one of the two.
    enum Complaint: Equatable {
        case certificate(String)
        case key(String)
        /// The certificate will do, but not for long, or not yet.
        case soon(String)
    }

    /// A certificate that expires within this many days is worth a warning.
    private static let warningDays: Int32 = 7

    /// Whether the first certificate parses, is in date and strong enough for OpenSSL's policy, whether the chain parses,
    /// and whether the key is the certificate's.
    static func complaints(aboutCertificate certificate: Source, key: Source) -> [Complaint] {
        let chain: [Certificate]
        switch Self.certificates(in: certificate) {
        case .failure(let failure): return [.certificate(failure.reason)]
        case .success(let found): chain = found
        }
        guard let leaf = chain.first else { return [.certificate("holds no certificate; write a PEM file with one")] }
        var complaints: [Complaint] = []
        switch leaf.validity {
        case .expired(let date):
            complaints.append(.certificate("the certificate expired on \(date); write one that is in date"))
        case .notYet(let date):
            complaints.append(.soon("the certificate is not valid before \(date)"))
        case .ending(let date):
            complaints.append(.soon("the certificate expires on \(date)"))
        case .inDate:
            break
        }
        if let refusal = leaf.refusalByPolicy() {
            complaints.append(.certificate("OpenSSL does not accept the certificate: \(refusal)"))
        }
        switch Self.privateKey(in: key) {
        case .failure(let failure):
            complaints.append(.key(failure.reason))
        case .success(let key):
            if !leaf.belongs(to: key) {
                complaints.append(.key("is not the certificate's key; write the key that the certificate was made for"))
            }
        }
        return complaints
    }

    /// Whether there is at least one certificate of an authority, and all parse.
    static func complaint(aboutAuthorities source: Source) -> Complaint? {
        switch Self.certificates(in: source) {
        case .failure(let failure):
            return .certificate(failure.reason)
        case .success(let authorities):
            if authorities.isEmpty {
                return .certificate("holds no certificate; write a PEM file with at least one")
            }
            let areAllExpired = authorities.allSatisfy {
                if case .expired = $0.validity { true } else { false }
            }
            return areAllExpired ? .soon("every certificate in it has expired") : nil
        }
    }

    // MARK: OpenSSL

    private struct Failure: Error {
        let reason: String
    }

    private enum Validity {
        case inDate
        case notYet(String)
        case ending(String)
        case expired(String)
    }

    /// The owner of one `X509`.
    @safe private final class Certificate {
        let x509: OpaquePointer

        init(_ x509: OpaquePointer) {
            unsafe self.x509 = x509
        }

        deinit {
            unsafe X509_free(self.x509)
        }

        var validity: Validity {
            let start = unsafe X509_get0_notBefore(self.x509)
            let end = unsafe X509_get0_notAfter(self.x509)
            if unsafe X509_cmp_current_time(end) < 0 {
                return unsafe .expired(CertificateCheck.text(of: end))
            }
            if unsafe X509_cmp_current_time(start) > 0 {
                return unsafe .notYet(CertificateCheck.text(of: start))
            }
            var days: Int32 = 0
            var seconds: Int32 = 0
            if unsafe ASN1_TIME_diff(&days, &seconds, nil, end) == 1, days < CertificateCheck.warningDays {
                return unsafe .ending(CertificateCheck.text(of: end))
            }
            return .inDate
        }

        /// What OpenSSL's security level has against it, such as a key that is too small.
        func refusalByPolicy() -> String? {
            guard let context = unsafe SSL_CTX_new(TLS_method()) else { return CertificateCheck.lastError() }
            defer { unsafe SSL_CTX_free(context) }
            ERR_clear_error()
            return unsafe SSL_CTX_use_certificate(context, self.x509) == 1 ? nil : CertificateCheck.lastError()
        }

        func belongs(to key: PrivateKey) -> Bool {
            defer { ERR_clear_error() }
            return unsafe X509_check_private_key(self.x509, key.key) == 1
        }
    }

    /// The owner of one `EVP_PKEY`.
    @safe private final class PrivateKey {
        let key: OpaquePointer

        init(_ key: OpaquePointer) {
            unsafe self.key = key
        }

        deinit {
            unsafe EVP_PKEY_free(self.key)
        }
    }

    private static func certificates(in source: Source) -> Result<[Certificate], Failure> {
        ERR_clear_error()
        guard let bio = unsafe Self.open(source) else { return .failure(Failure(reason: "cannot be opened")) }
        defer { unsafe BIO_free_all(bio) }
        var found: [Certificate] = []
        while let x509 = unsafe PEM_read_bio_X509(bio, nil, nil, nil) {
            found.append(unsafe Certificate(x509))
        }
        let error = ERR_peek_last_error()
        ERR_clear_error()
        // The end of the text is told as a missing start line (PEM_read_bio(3)).
        if ERR_GET_LIB(error) == ERR_LIB_PEM, ERR_GET_REASON(error) == PEM_R_NO_START_LINE {
            return .success(found)
        }
        return .failure(Failure(reason: "certificate \(found.count + 1) does not parse; write PEM text"))
    }

    private static func privateKey(in source: Source) -> Result<PrivateKey, Failure> {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let bio = unsafe Self.open(source) else { return .failure(Failure(reason: "cannot be opened")) }
        defer { unsafe BIO_free_all(bio) }
        var wantsPassphrase = false
        let key = unsafe withUnsafeMutablePointer(to: &wantsPassphrase) { flag in
            // Without a callback OpenSSL would ask the terminal, and wait for ever.
            unsafe PEM_read_bio_PrivateKey(
                bio, nil,
                { _, _, _, flag in
                    unsafe flag?.assumingMemoryBound(to: Bool.self).pointee = true
                    return -1
                }, flag)
        }
        if let key = unsafe key {
            return .success(unsafe PrivateKey(key))
        }
        return .failure(
            Failure(
                reason: wantsPassphrase
                    ? "the private key is encrypted; write a file with the key in the clear, mode 0600"
                    : "holds no private key; write a PEM file with one"))
    }

    private static func open(_ source: Source) -> OpaquePointer? {
        switch source {
        case .file(let path):
            return unsafe BIO_new_file(path, "r")
        case .text(let text):
            guard let bio = unsafe BIO_new(BIO_s_mem()) else { return nil }
            let bytes = Array(text.utf8)
            let count = unsafe bytes.withUnsafeBytes { unsafe BIO_write(bio, $0.baseAddress, Int32($0.count)) }
            guard count == bytes.count else {
                unsafe BIO_free_all(bio)
                return nil
            }
            return unsafe bio
        }
    }

    /// `2026-11-23`.
    private static func text(of time: UnsafePointer<ASN1_TIME>?) -> String {
        var parts = unsafe tm()
        guard unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return "an unknown day" }
        func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return unsafe "\(parts.tm_year + 1_900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
    }

    private static func lastError() -> String {
        let error = ERR_peek_last_error()
        ERR_clear_error()
        guard let reason = unsafe ERR_reason_error_string(error) else { return "error \(error)" }
        return unsafe String(cString: reason)
    }
}
