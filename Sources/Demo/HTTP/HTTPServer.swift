// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Listens with TLS and HTTP/1.1, and serves every connection on one event loop.
enum HTTPServer {
    /// Binds, and returns the port that was bound. Blocks; not to be called on an event loop.
    ///
    /// - Parameter clientAuthority: PEM file; clients may show a certificate, which must then be signed by it.
    static func start(
        on eventLoop: any EventLoop, host: String, port: Int, certificate: String, key: String,
        clientAuthority: String?, router: NIOLoopBound<any Router>, statistics: NIOLoopBound<StandInStatistics>
    ) throws -> Int {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        configuration.applicationProtocols = ["http/1.1"]
        if let clientAuthority {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(clientAuthority))
            configuration.certificateVerification = .optionalVerification
        }
        let tls = try NIOSSLContext(configuration: configuration)
        let channel = try ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: 4_096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: tls))
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: false,
                        withServerUpgrade: WebSocketUpgrade.configuration(router, statistics))
                    try pipeline.addHandler(
                        ConnectionHandler(router: router.value, statistics: statistics.value))
                }
            }
            .bind(host: host, port: port).wait()
        return channel.localAddress?.port ?? 0
    }
}
