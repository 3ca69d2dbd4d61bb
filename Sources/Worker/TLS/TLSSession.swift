// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import Shared

/// The one owner of an `SSL`: TLS spoken directly on a non-blocking socket, whose descriptor somebody else owns and
/// closes after this session has ended.
@safe final class TLSSession {
    /// The plaintext that one record holds at most, in bytes (RFC 8446 section 5.1).
    static let recordSize = 16_384

    private let session: OpaquePointer
    /// Records that were written, and that the socket has not taken yet.
    private var gathered: RecordGatherer?

    /// What an operation came to.
    enum Outcome: Equatable {
        case done(Int)
        case wantsRead
        case wantsWrite
        /// The peer said that it will send no more (close_notify).
        case endOfStream
        case failed(TLSError)
    }

    init(owning session: OpaquePointer) {
        unsafe self.session = session
    }

    deinit {
        unsafe SSL_free(session)
    }

    /// Goes on with the handshake.
    func handshake() -> Outcome {
        Self.forgetErrors()
        let result = unsafe SSL_do_handshake(session)
        return result == 1 ? .done(0) : outcome(of: result)
    }

    func read(into buffer: Buffer) -> Outcome {
        Self.forgetErrors()
        var outcome = Outcome.wantsRead
        unsafe buffer.fill { room in
            var count = 0
            let result = unsafe SSL_read_ex(session, room.baseAddress, room.count, &count)
            outcome = result == 1 ? .done(count) : self.outcome(of: result)
            return count
        }
        return outcome
    }

    /// Writes from the buffer's front; what was written is consumed. What was not is to be given again, with whatever
    /// comes behind it.
    func write(from buffer: Buffer) -> Outcome {
        let outcome =
            if gathered != nil || buffer.count >= RecordGatherer.least { writeRecords(from: buffer) } else {
                unsafe buffer.withBytes { bytes in unsafe writeRecord(bytes) }
            }
        if case .done(let count) = outcome { buffer.consume(count) }
        return outcome
    }

    private func writeRecord(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        Self.forgetErrors()
        var count = 0
        let result = unsafe SSL_write_ex(session, bytes.baseAddress, bytes.count, &count)
        return result == 1 ? .done(count) : outcome(of: result)
    }

    /// Several at once; or what is left of those.
    private func writeRecords(from buffer: Buffer) -> Outcome {
        var refusal: Outcome?
        let records =
            unsafe gathered
            ?? RecordGatherer(session, from: buffer) { bytes in
                switch unsafe writeRecord(bytes) {
                case .done(let count): return count
                case let other:
                    refusal = other
                    return 0
                }
            }
        guard let records else { return unsafe buffer.withBytes { bytes in unsafe writeRecord(bytes) } }
        let outcome = unsafe records.send(session)
        gathered = outcome == .wantsWrite ? records : nil
        // Nothing was encrypted, and whatever OpenSSL has said instead went the same way.
        if outcome == .done(0), let refusal { return refusal }
        return outcome
    }

    /// Bytes that were received already and wait inside: the socket will not become readable for them.
    var hasPending: Bool { unsafe SSL_has_pending(session) == 1 }

    /// Whether anything was ever read from the socket, whatever came of it.
    var hasRead: Bool { unsafe BIO_number_read(SSL_get_rbio(session)) > 0 }

    /// Whether ALPN has chosen `h2`.
    var hasChosenHTTP2: Bool {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        unsafe SSL_get0_alpn_selected(session, &name, &length)
        guard length == 2, let name = unsafe name else { return false }
        return unsafe name[0] == UInt8(ascii: "h") && name[1] == UInt8(ascii: "2")
    }

    /// Whom the certificate that the client has shown stands for, if these authorities vouch for it now (seconds since
    /// 1970); nil: it has shown none.
    func clientCertificate(by authorities: ClientAuthorities, now: Int64) -> ClientCertificate? {
        guard let certificate = unsafe SSL_get0_peer_certificate(session) else { return nil }
        let verdict = unsafe authorities.verify(session, now: now)
        return unsafe ClientCertificate(subject: CertificateSubject(certificate), verdict: verdict)
    }

    /// Says that we will send no more (close_notify), if that goes out at once. False: the socket has no room for it.
    @discardableResult
    func notifyClose() -> Bool {
        ERR_clear_error()
        let result = unsafe SSL_shutdown(session)
        let error = unsafe SSL_get_error(session, result)
        ERR_clear_error()
        return result >= 0 || error != SSL_ERROR_WANT_WRITE
    }

    /// What others have left in OpenSSL's queue of errors would be taken for the next call's. Nearly always there is
    /// nothing, and asking costs a seventh of clearing.
    private static func forgetErrors() {
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    private func outcome(of result: Int32) -> Outcome {
        switch unsafe SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .endOfStream
        case SSL_ERROR_SYSCALL:
            _ = TLSError.drainQueue()
            return .failed(.connectionLost)
        default:
            let text = TLSError.drainQueue() ?? "unknown"
            let verdict = unsafe SSL_get_verify_result(session)
            if verdict != Int(X509_V_OK) {
                let words = unsafe String(cString: X509_verify_cert_error_string(verdict))
                return .failed(.certificateRejected(words))
            }
            // OpenSSL 3 reports a FIN without close_notify so; for us that is a lost connection.
            return .failed(text == "unexpected eof while reading" ? .connectionLost : .failed(text))
        }
    }
}
