// SPDX-License-Identifier: Apache-2.0

import Shared

extension ConfigurationDecoder {
    /// The API server, from whichever of the three sources was written; contradictions between them are reported.
    func upstream(_ root: MappingReader) -> UpstreamConfiguration {
        var pool = UpstreamConfiguration.Pool()
        root.require("upstream", "a mapping with `server`, `kubeconfig` or `inCluster: true`")
        guard let section = self.section(root, "upstream") else { return UpstreamConfiguration(server: "") }
        if let reader = section.mapping("pool", keys: ConfigurationSchema.names(in: "upstream.pool")) {
            pool.maxConnections = reader.integer("maxConnections", in: 1...1_000_000) ?? pool.maxConnections
            pool.maxIdle = reader.integer("maxIdle", in: 0...1_000_000) ?? pool.maxIdle
            pool.idleTimeout =
                reader.duration("idleTimeout", in: .milliseconds(1) ... .seconds(86_400)) ?? pool.idleTimeout
        }
        var result = self.source(section)
        result.pool = pool
        result.http2 = section.choice("http2") ?? result.http2
        return result
    }

    private func source(_ section: MappingReader) -> UpstreamConfiguration {
        let inCluster = section.boolean("inCluster") ?? false
        let kubeconfig = self.path(section, "kubeconfig", example: "/etc/lychgate/kubeconfig")
        let context = section.string("context", example: "the name of a context")
        var direct = UpstreamConfiguration(server: section.string("server", example: "https://127.0.0.1:6443") ?? "")
        direct.certificateAuthorityFile = self.path(section, "certificateAuthorityFile", example: "ca.crt")
        direct.tlsServerName = section.string("tlsServerName", example: "kubernetes.default.svc")
        direct.clientCertificateFile = self.path(section, "clientCertificateFile", example: "client.crt")
        direct.clientKeyFile = self.path(section, "clientKeyFile", example: "client.key")
        direct.tokenFile = self.path(section, "tokenFile", example: "token")

        if section.contains("context"), !section.contains("kubeconfig") {
            section.blame("context", "has no meaning without `kubeconfig`; write `kubeconfig` too, or leave it out")
        }
        let winner = inCluster ? "inCluster" : section.contains("kubeconfig") ? "kubeconfig" : "server"
        guard winner != "server" else {
            section.require(
                "server", "`server: https://HOST:PORT`, or `kubeconfig: FILE`, or `inCluster: true`")
            return direct
        }
        for rival in [
            "kubeconfig", "server", "certificateAuthorityFile", "tlsServerName", "clientCertificateFile",
            "clientKeyFile", "tokenFile",
        ] where rival != winner && section.contains(rival) {
            section.blame(rival, "contradicts `\(winner)`, which says it already; leave one of the two out")
        }
        let source = UpstreamSource(report: self.report, surroundings: self.surroundings)
        if inCluster {
            return source.inCluster(blaming: "upstream.inCluster")
        }
        return source.kubeconfig(kubeconfig, context: context, blaming: "upstream.kubeconfig")
    }
}
