// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import Glibc

/// What an attempt on a connection came to.
enum Outcome: Equatable {
    case done(Int)
    case wantsRead
    case wantsWrite
    case lost
}

/// What all TLS connections of a client process have in common. Certificates are not checked: that is not the subject.
@safe final class ClientTLSContext {
    fileprivate let context: OpaquePointer
    /// A session of an earlier connection, which the next ones may resume.
    fileprivate var session: OpaquePointer?

    init(speaksHTTP2: Bool) throws {
        guard let made = unsafe SSL_CTX_new(TLS_client_method()) else { throw SoakError.failed("no TLS context") }
        unsafe context = made
        let modes = Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
        _ = unsafe lg_ctx_set_mode(context, modes)
        let names: [UInt8] = speaksHTTP2 ? [2] + Array("h2".utf8) : [8] + Array("http/1.1".utf8)
        guard unsafe SSL_CTX_set_alpn_protos(context, names, UInt32(names.count)) == 0 else {
            throw SoakError.failed("ALPN")
        }
    }
}

/// The one owner of an `SSL` on a descriptor that somebody else closes.
@safe final class ClientTLS {
    private let ssl: OpaquePointer
    private let context: ClientTLSContext

    init?(_ context: ClientTLSContext, _ fd: Int32, resumes: Bool) {
        guard let made = unsafe SSL_new(context.context) else { return nil }
        unsafe ssl = made
        self.context = context
        unsafe SSL_set_fd(ssl, fd)
        unsafe SSL_set_connect_state(ssl)
        if resumes, let session = unsafe context.session { unsafe SSL_set_session(ssl, session) }
    }

    deinit {
        unsafe SSL_free(ssl)
    }

    func handshake() -> Outcome {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(ssl)
        return result == 1 ? .done(0) : outcome(result)
    }

    func read(_ bytes: UnsafeMutableRawBufferPointer) -> Outcome {
        ERR_clear_error()
        var count = 0
        let result = unsafe SSL_read_ex(ssl, bytes.baseAddress, bytes.count, &count)
        guard result == 1 else { return outcome(result) }
        // The ticket has come before the first bytes.
        if unsafe context.session == nil { unsafe context.session = SSL_get1_session(ssl) }
        return .done(count)
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        ERR_clear_error()
        var count = 0
        let result = unsafe SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count)
        return result == 1 ? .done(count) : outcome(result)
    }

    func notifyClose() {
        ERR_clear_error()
        unsafe SSL_shutdown(ssl)
    }

    private func outcome(_ result: Int32) -> Outcome {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: .wantsRead
        case SSL_ERROR_WANT_WRITE: .wantsWrite
        default: .lost
        }
    }
}
