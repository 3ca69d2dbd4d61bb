// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import Foundation

/// An `SSL_CTX` of the harness: for a client that trusts one authority, or for a server with one certificate.
@safe package final class TLSContext: @unchecked Sendable {
    package enum Version: String, Sendable, CaseIterable {
        case tls12 = "TLSv1.2"
        case tls13 = "TLSv1.3"

        var number: Int {
            switch self {
            case .tls12: Int(TLS1_2_VERSION)
            case .tls13: Int(TLS1_3_VERSION)
            }
        }
    }

    let pointer: OpaquePointer

    /// For clients; `version`: that one only; `http2`: asks for it by ALPN, and for nothing else; `certificate` and `key`: what
    /// they prove themselves with.
    package init(
        trusting authorityFile: String, version: Version? = nil, http2: Bool = false, certificate: String? = nil,
        key: String? = nil
    ) throws(HarnessError) {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else { throw Self.failure("SSL_CTX_new") }
        unsafe pointer = context
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        guard unsafe SSL_CTX_load_verify_locations(context, authorityFile, nil) == 1 else {
            throw Self.failure("SSL_CTX_load_verify_locations")
        }
        if let certificate, let key {
            guard unsafe SSL_CTX_use_certificate_chain_file(context, certificate) == 1,
                unsafe SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1
            else { throw Self.failure("SSL_CTX_use_certificate_chain_file") }
        }
        if http2 {
            let protocols: [UInt8] = [2, 0x68, 0x32]
            guard unsafe SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count)) == 0 else {
                throw Self.failure("SSL_CTX_set_alpn_protos")
            }
        }
        restrict(to: version)
    }

    /// For servers; `clientAuthority`: only clients with a certificate of this one are let in.
    package init(
        certificateFile: String, keyFile: String, version: Version? = nil, clientAuthority: String? = nil
    ) throws(HarnessError) {
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else { throw Self.failure("SSL_CTX_new") }
        unsafe pointer = context
        guard unsafe SSL_CTX_use_certificate_chain_file(context, certificateFile) == 1,
            unsafe SSL_CTX_use_PrivateKey_file(context, keyFile, SSL_FILETYPE_PEM) == 1
        else { throw Self.failure("SSL_CTX_use_certificate_chain_file") }
        if let clientAuthority {
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
            guard unsafe SSL_CTX_load_verify_locations(context, clientAuthority, nil) == 1 else {
                throw Self.failure("SSL_CTX_load_verify_locations")
            }
            // Sessions that are resumed would need a name of their own; nobody resumes one here.
            var name = Array("lychgate-tests".utf8)
            unsafe SSL_CTX_set_session_id_context(context, &name, UInt32(name.count))
        }
        restrict(to: version)
    }

    deinit {
        unsafe SSL_CTX_free(pointer)
    }

    private func restrict(to version: Version?) {
        guard let version else { return }
        // SSL_CTX_set_min_proto_version and …_max_… are macros of these.
        unsafe SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, version.number, nil)
        unsafe SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, version.number, nil)
    }

    private static func failure(_ call: String) -> HarnessError {
        let code = ERR_get_error()
        guard let reason = unsafe ERR_reason_error_string(code) else { return .system(call: call, reason: "\(code)") }
        return .system(call: call, reason: unsafe String(cString: reason))
    }
}
