// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import Glibc
import Shared

/// The one owner of an `SSL_CTX`: what all TLS sessions of one listener, or all to the API server, have in common.
///
/// Sessions keep OpenSSL's own reference to it, so a context can be replaced while sessions made from it go on.
@safe final class TLSContext {
    let context: OpaquePointer
    /// How sessions speak on sockets; made once, and never changed.
    private nonisolated(unsafe) static let socketMethod = unsafe lg_socket_method()

    /// A PEM certificate chain with its private key.
    struct Credentials: Equatable {
        var chain: [UInt8]
        var key: [UInt8]
    }

    /// For a listener. Session tickets are on (OpenSSL's own, stateless) unless clients are asked for certificates, the
    /// session cache is off: it would be memory without a use.
    static func server(
        credentials: Credentials, minimumVersion: ListenerConfiguration.TLSVersion, offersHTTP2: Bool = true,
        clientAuthorities: ClientAuthorities? = nil
    ) throws(TLSError) -> TLSContext {
        let context = try unsafe TLSContext(method: TLS_server_method())
        try context.use(credentials)
        let version = minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
        guard unsafe lg_ctx_set_min_proto(context.context, version) == 1 else { throw .unusable("TLS version") }
        // Without an answer to ALPN a client speaks HTTP/1.1 (RFC 7301, RFC 9113 section 3.2).
        if offersHTTP2 { unsafe lg_ctx_alpn_http(context.context) }
        unsafe SSL_CTX_set_options(context.context, lg_server_options())
        clientAuthorities?.announce(in: context)
        return context
    }

    /// For connections to the API server. `authorities`: PEM; nil: the system's.
    static func client(authorities: [UInt8]?, credentials: Credentials?) throws(TLSError) -> TLSContext {
        let context = try unsafe TLSContext(method: TLS_client_method())
        guard unsafe lg_ctx_set_min_proto(context.context, TLS1_2_VERSION) == 1 else { throw .unusable("TLS version") }
        if let authorities {
            let count = unsafe authorities.withUnsafeBytes { pem in
                unsafe lg_ctx_trust_pem(
                    context.context, pem.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(pem.count))
            }
            guard count > 0 else {
                throw .unusable("no certificate authority in it (\(TLSError.drainQueue() ?? "no PEM certificate"))")
            }
        } else {
            guard unsafe SSL_CTX_set_default_verify_paths(context.context) == 1 else {
                throw .unusable("the system's certificate authorities cannot be read")
            }
        }
        if let credentials { try context.use(credentials) }
        unsafe SSL_CTX_set_verify(context.context, SSL_VERIFY_PEER, nil)
        unsafe SSL_CTX_set_options(context.context, lg_client_options())
        return context
    }

    private init(method: OpaquePointer?) throws(TLSError) {
        guard let made = unsafe SSL_CTX_new(method) else {
            throw .unusable(TLSError.drainQueue() ?? "no TLS context")
        }
        unsafe context = made
        // RELEASE_BUFFERS: an idle session gives its record buffers back. AUTO_RETRY is off so that a read never loops
        // over records that are not data while the socket has nothing.
        _ = unsafe lg_ctx_set_mode(
            context,
            Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
                | Int(SSL_MODE_RELEASE_BUFFERS))
        unsafe lg_ctx_set_session_cache_off(context)
        unsafe lg_ctx_set_read_ahead(context, 1)
    }

    deinit {
        unsafe SSL_CTX_free(context)
    }

    private func use(_ credentials: Credentials) throws(TLSError) {
        let chained = unsafe credentials.chain.withUnsafeBytes { pem in
            unsafe lg_ctx_use_chain_pem(
                context, pem.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(pem.count))
        }
        guard chained == 1 else { throw .unusable("certificate: \(TLSError.drainQueue() ?? "no PEM certificate")") }
        let keyed = unsafe credentials.key.withUnsafeBytes { pem in
            unsafe lg_ctx_use_key_pem(context, pem.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(pem.count))
        }
        guard keyed == 1 else { throw .unusable("private key: \(TLSError.drainQueue() ?? "no PEM key")") }
        guard unsafe SSL_CTX_check_private_key(context) == 1 else {
            throw .unusable("private key does not belong to the certificate (\(TLSError.drainQueue() ?? "mismatch"))")
        }
    }

    /// When its own certificate expires, in seconds since 1970; nil: it has none.
    var certificateExpiry: Int64? {
        guard let certificate = unsafe SSL_CTX_get0_certificate(context),
            let end = unsafe X509_get0_notAfter(certificate)
        else { return nil }
        var parts = unsafe tm()
        guard unsafe ASN1_TIME_to_tm(end, &parts) == 1 else { return nil }
        return unsafe Int64(timegm(&parts))
    }

    /// A session for an accepted connection.
    func accept(_ fd: Int32) throws(TLSError) -> TLSSession {
        let session = try unsafe makeSession(fd)
        unsafe SSL_set_accept_state(session)
        return unsafe TLSSession(owning: session)
    }

    /// A session for a connection that we opened; the peer's certificate must be valid for `name` (a DNS name or an IP
    /// address).
    func connect(
        _ fd: Int32, name: String, offering protocols: ApplicationProtocols = .none
    ) throws(TLSError) -> TLSSession {
        let session = try unsafe makeSession(fd)
        unsafe SSL_set_connect_state(session)
        let isAddress = SocketAddress(host: name, port: 0) != nil
        let named: Bool
        if isAddress {
            named = unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name) == 1
        } else {
            named = unsafe lg_ssl_set_server_name(session, name) == 1 && SSL_set1_host(session, name) == 1
        }
        let offer = protocols.wireForm
        let offered = unsafe offer.isEmpty || SSL_set_alpn_protos(session, offer, UInt32(offer.count)) == 0
        guard named, offered else {
            unsafe SSL_free(session)
            throw .unusable("server name \(name)")
        }
        return unsafe TLSSession(owning: session)
    }

    private func makeSession(_ fd: Int32) throws(TLSError) -> OpaquePointer {
        guard let session = unsafe SSL_new(context) else { throw .failed(TLSError.drainQueue() ?? "no session") }
        guard unsafe lg_ssl_use_socket(session, Self.socketMethod, fd) == 1 else {
            unsafe SSL_free(session)
            throw .failed(TLSError.drainQueue() ?? "descriptor")
        }
        return unsafe session
    }
}
