// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// What a client certificate says of its owner.
struct CertificateSubject: Equatable {
    /// In their order.
    var commonNames: [String] = []
    var organizations: [String] = []
    /// Values of 1.3.6.1.4.1.57683.2, Kubernetes' attribute for a user's uid.
    var uids: [String] = []
    /// SHA-256 of the certificate, in lower-case hexadecimal.
    var fingerprint = ""

    private static let uidAttribute = "1.3.6.1.4.1.57683.2"

    init(commonNames: [String], organizations: [String] = [], uids: [String] = [], fingerprint: String = "") {
        self.commonNames = commonNames
        self.organizations = organizations
        self.uids = uids
        self.fingerprint = fingerprint
    }

    /// Reads an `X509`, which stays its owner's.
    @unsafe init(_ certificate: OpaquePointer) {
        let name = unsafe X509_get_subject_name(certificate)
        for index in 0..<max(0, unsafe X509_NAME_entry_count(name)) {
            guard let entry = unsafe X509_NAME_get_entry(name, index), let value = unsafe Self.text(of: entry) else {
                continue
            }
            let kind = unsafe X509_NAME_ENTRY_get_object(entry)
            switch unsafe OBJ_obj2nid(kind) {
            case NID_commonName: commonNames.append(value)
            case NID_organizationName: organizations.append(value)
            default:
                var dotted = [CChar](repeating: 0, count: 80)
                let length = unsafe OBJ_obj2txt(&dotted, Int32(dotted.count), kind, 1)
                let bytes = dotted.prefix(Int(max(0, min(length, 79)))).map { UInt8(bitPattern: $0) }
                if String(decoding: bytes, as: UTF8.self) == Self.uidAttribute { uids.append(value) }
            }
        }
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let digits = Array("0123456789abcdef".utf8)
        guard unsafe X509_digest(certificate, EVP_sha256(), &digest, &length) == 1 else { return }
        fingerprint = String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    @unsafe private static func text(of entry: OpaquePointer) -> String? {
        var bytes: UnsafeMutablePointer<UInt8>?
        let length = unsafe ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(entry))
        guard length >= 0, let bytes = unsafe bytes else { return nil }
        defer { unsafe lg_free(bytes) }
        return unsafe String(validating: UnsafeBufferPointer(start: bytes, count: Int(length)), as: UTF8.self)
    }
}
