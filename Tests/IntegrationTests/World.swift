// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// A gateway with an issuer and a scripted upstream: what nearly every test needs.
final class World: Sendable {
    let certificates: Certificates
    let issuer: TestIssuer
    let upstream: ScriptedUpstream
    let gateway: GatewayFixture
    /// Of alice, in the group developers.
    let token: String

    init(
        upstreamTLS: Bool = true, receiveBuffer: Int32? = nil,
        configure: (inout GatewayOptions) -> Void = { _ in },
        script: @escaping ScriptedUpstream.Script = StandardUpstream.serve
    ) throws {
        certificates = try Certificates.shared.get()
        issuer = try TestIssuer(certificates)
        token = try issuer.token(for: "alice", groups: ["developers"])
        upstream = try ScriptedUpstream(
            tls: upstreamTLS ? certificates.server() : nil, receiveBuffer: receiveBuffer, script)
        var options = GatewayOptions(issuer: issuer, upstream: upstream)
        options.upstreamTLS = upstreamTLS
        configure(&options)
        gateway = try GatewayFixture(options, certificates: certificates)
    }

    /// SIGTERM; nothing may be left of the gateway.
    func stop(sourceLocation: SourceLocation = #_sourceLocation) {
        let stopped = gateway.stop()
        #expect(stopped.exit == .code(0), "\(stopped.log)", sourceLocation: sourceLocation)
        #expect(stopped.survivors.isEmpty, "\(stopped.log)", sourceLocation: sourceLocation)
        upstream.stop()
        issuer.stop()
    }

    /// curl with the gateway's authority; `path` may be several.
    func curl(_ paths: String..., arguments: [String], token: String? = nil) throws -> ChildProcess.Finished {
        let authorization = token.map { ["--header", "Authorization: Bearer \($0)"] } ?? []
        return try ChildProcess.run(
            "curl",
            ["--silent", "--show-error", "--max-time", "30", "--cacert", certificates.authority]
                + authorization + arguments + paths.map { "https://\(gateway.endpoint)\($0)" })
    }
}
