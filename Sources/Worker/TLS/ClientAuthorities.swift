// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import Shared

/// Who may have signed the certificates that clients prove themselves with: the owner of one `X509_STORE`.
@safe final class ClientAuthorities {
    private let certificates: OpaquePointer
    private let store: OpaquePointer

    /// What these authorities make of a client's certificate.
    enum Verdict: Equatable {
        /// Until when, in seconds since 1970.
        case good(until: Int64)
        /// OpenSSL's words.
        case bad(String)
    }

    /// - Parameter pem: one certificate or more.
    init(pem: [UInt8]) throws(TLSError) {
        let found = unsafe pem.withUnsafeBytes { bytes in
            unsafe lg_read_certificates(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        }
        guard let certificates = unsafe found else {
            throw .unusable("no client authority in it, or one that does not parse; write PEM certificates")
        }
        guard let store = unsafe lg_store_of(certificates) else {
            unsafe lg_free_certificates(certificates)
            throw .unusable("client authorities: \(TLSError.drainQueue() ?? "no memory")")
        }
        unsafe self.certificates = certificates
        unsafe self.store = store
    }

    deinit {
        unsafe X509_STORE_free(store)
        unsafe lg_free_certificates(certificates)
    }

    /// What is wrong with such a file; nil: nothing.
    static func complaint(about path: String) -> String? {
        do {
            _ = try ClientAuthorities(pem: try FileReader.read(path))
            return nil
        } catch {
            return "`\(path)`: \(error)"
        }
    }

    /// Lets the listener's handshakes ask for a certificate by one of these.
    func announce(in context: TLSContext) {
        unsafe lg_ctx_ask_for_certificate(context.context, certificates)
    }

    /// Verifies the certificate that the session's client has shown.
    @unsafe func verify(_ session: OpaquePointer, now: Int64) -> Verdict {
        var until: Int64 = 0
        let result = unsafe lg_verify_client(session, store, now, &until)
        guard result == X509_V_OK else {
            return .bad(unsafe String(cString: X509_verify_cert_error_string(Int(result))))
        }
        return .good(until: until)
    }
}

/// The authorities of one listener, as they are now: connections hold on to this, and see each replacement.
final class ClientTrust {
    private(set) var authorities: ClientAuthorities?

    func replace(_ authorities: ClientAuthorities?) { self.authorities = authorities }
}
