// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOSSL

/// The certificate that a client showed.
enum ClientCertificate {
    /// The common name in it; nil: none was shown, or the handshake is not over.
    static func name(on channel: any Channel) -> String? {
        guard let tls = try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self),
            let der = try? tls.peerCertificate?.toDERBytes()
        else { return nil }
        return CertificateAuthority.commonName(ofDER: der)
    }
}
