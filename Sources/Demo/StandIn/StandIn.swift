// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// The issuer and the stand-in API, running in this process on one event loop.
struct StandIn: Sendable {
    let folder: StandInFolder
    let apiPort: Int
    let issuerPort: Int
    let stallPort: Int?
    private let eventLoop: any EventLoop
    private let statistics: NIOLoopBound<StandInStatistics>

    var apiURL: String { "https://127.0.0.1:\(apiPort)" }
    var issuerURL: String { "https://127.0.0.1:\(issuerPort)" }

    /// Makes certificates, starts both servers, and writes tokens and addresses into the folder.
    init(folder: StandInFolder, host: String, apiPort: Int, issuerPort: Int, stall: Bool, on group: any EventLoopGroup)
        throws
    {
        try folder.create()
        try folder.makeCertificates()
        let loop = group.next()
        let (statistics, api) = try loop.submit {
            let statistics = StandInStatistics()
            let api: any Router = KubernetesAPI(statistics)
            return (NIOLoopBound(statistics, eventLoop: loop), NIOLoopBound(api, eventLoop: loop))
        }.wait()
        self.folder = folder
        self.eventLoop = loop
        self.statistics = statistics
        self.apiPort = try HTTPServer.start(
            on: loop, host: host, port: apiPort, certificate: folder.apiCertificate, key: folder.apiKey,
            clientAuthority: folder.authority, router: api, statistics: statistics)
        self.issuerPort = try Self.startIssuer(folder, host, issuerPort, loop)
        self.stallPort = stall ? try StallServer.start(on: loop, host: host, statistics: statistics) : nil
        try folder.write(ready.line() + "\n", to: folder.addresses)
        try folder.write(directKubeconfig, to: folder.directKubeconfig)
        try TokenMint(folder: folder).mintSamples()
    }

    /// What the stand-in API has seen so far.
    func currentStatistics() throws -> JSON {
        try eventLoop.submit { [statistics] in statistics.value.json }.wait()
    }

    /// The line that says where everything is.
    var ready: JSON {
        var line: JSON = [
            "ready": true, "api": .string(apiURL), "apiPort": .int(apiPort), "issuer": .string(issuerURL),
            "issuerPort": .int(issuerPort), "clientID": .string(TokenClaims.defaultAudience),
            "directory": .string(folder.path), "ca": .string(folder.authority),
            "gatewayCertificate": .string(folder.gatewayCertificate), "gatewayKey": .string(folder.gatewayKey),
            "clientCertificate": .string(folder.gatewayClientCertificate),
            "clientKey": .string(folder.gatewayClientKey), "kubeconfig": .string(folder.directKubeconfig),
        ]
        if let stallPort { line["stallPort"] = .int(stallPort) }
        return line
    }

    /// The issuer's URL is part of what it says, so its port must be known before it can speak: until then every path is
    /// 404, and nobody knows the port.
    private static func startIssuer(
        _ folder: StandInFolder, _ host: String, _ port: Int, _ loop: any EventLoop
    ) throws -> Int {
        let holder = try loop.submit {
            NIOLoopBound(LateRouter(), eventLoop: loop)
        }.wait()
        let (router, statistics) = try loop.submit {
            (
                NIOLoopBound(holder.value as any Router, eventLoop: loop),
                NIOLoopBound(StandInStatistics(), eventLoop: loop)
            )
        }.wait()
        let bound = try HTTPServer.start(
            on: loop, host: host, port: port, certificate: folder.issuerCertificate, key: folder.issuerTLSKey,
            clientAuthority: nil, router: router, statistics: statistics)
        try loop.submit { holder.value.router = try Issuer(url: "https://127.0.0.1:\(bound)", folder: folder) }.wait()
        return bound
    }

    private var directKubeconfig: String {
        """
        apiVersion: v1
        kind: Config
        current-context: direct
        contexts: [{name: direct, context: {cluster: stand-in, user: gateway}}]
        clusters: [{name: stand-in, cluster: {server: "\(apiURL)", certificate-authority: ca.crt}}]
        users: [{name: gateway, user: {client-certificate: gateway-client.crt, client-key: gateway-client.key}}]

        """
    }
}
