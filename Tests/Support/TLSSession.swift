// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import Foundation

/// The one owner of an `SSL` on a `Wire`'s descriptor.
@safe final class TLSSession: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// The server's side.
    init(_ context: TLSContext, descriptor: Int32) {
        unsafe pointer = Self.make(context, descriptor)
        unsafe SSL_set_accept_state(pointer)
    }

    /// The client's side; the name goes into SNI and is checked, an IP address is only checked.
    init(_ context: TLSContext, descriptor: Int32, serverName: String?) {
        unsafe pointer = Self.make(context, descriptor)
        unsafe SSL_set_connect_state(pointer)
        guard let serverName else { return }
        let isAddress = unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(pointer), serverName) == 1
        if !isAddress {
            unsafe SSL_set1_host(pointer, serverName)
            var name = Array(serverName.utf8CString)
            // SSL_set_tlsext_host_name is a macro of this.
            unsafe name.withUnsafeMutableBytes {
                _ = unsafe SSL_ctrl(
                    pointer, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), $0.baseAddress)
            }
        }
    }

    private static func make(_ context: TLSContext, _ descriptor: Int32) -> OpaquePointer {
        guard let session = unsafe SSL_new(context.pointer) else { preconditionFailure("SSL_new: out of memory") }
        unsafe SSL_set_fd(session, descriptor)
        return unsafe session
    }

    deinit {
        unsafe SSL_free(pointer)
    }

    var version: String {
        unsafe String(cString: SSL_get_version(pointer))
    }

    /// The subject of the peer's certificate, as in `CN=name`; nil: it showed none.
    var peerName: String? {
        guard let certificate = unsafe SSL_get1_peer_certificate(pointer) else { return nil }
        defer { unsafe X509_free(certificate) }
        var text = [CChar](repeating: 0, count: 256)
        guard unsafe X509_NAME_oneline(X509_get_subject_name(certificate), &text, Int32(text.count)) != nil else {
            return nil
        }
        let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.hasPrefix("/") ? String(name.dropFirst()) : name
    }

    func handshake() -> Attempt {
        ERR_clear_error()
        return outcome(unsafe SSL_do_handshake(pointer), count: 0)
    }

    func read(into buffer: inout [UInt8]) -> Attempt {
        ERR_clear_error()
        var count = 0
        let result = unsafe buffer.withUnsafeMutableBytes {
            unsafe SSL_read_ex(pointer, $0.baseAddress, $0.count, &count)
        }
        return outcome(result, count: count)
    }

    /// One record at most, so that a repeated attempt always brings the same bytes.
    func write(_ bytes: [UInt8], from offset: Int) -> Attempt {
        ERR_clear_error()
        var count = 0
        let result = unsafe bytes.withUnsafeBytes {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: $0[offset...].prefix(16_384))
            return unsafe SSL_write_ex(pointer, rest.baseAddress, rest.count, &count)
        }
        return outcome(result, count: count)
    }

    func sendCloseNotify() {
        ERR_clear_error()
        unsafe SSL_shutdown(pointer)
    }

    private func outcome(_ result: Int32, count: Int) -> Attempt {
        if result == 1 { return .done(count) }
        let reset = errno == ECONNRESET || errno == EPIPE
        switch unsafe SSL_get_error(pointer, result) {
        case SSL_ERROR_WANT_READ: return .wants(Sockets.readable)
        case SSL_ERROR_WANT_WRITE: return .wants(Sockets.writable)
        case SSL_ERROR_ZERO_RETURN: return .finished
        case SSL_ERROR_SYSCALL: return reset ? .reset : .truncated
        default:
            // OpenSSL 3 reports a FIN without close_notify as an error of its own library.
            let reason = ERR_peek_last_error() & 0x7f_ffff
            return reason == UInt(SSL_R_UNEXPECTED_EOF_WHILE_READING) ? .truncated : .reset
        }
    }
}
