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

    /// One that always answers serves most tests.
    static let wellBehavedIssuer = Result { try TestIssuer(Certificates.shared.get()) }

    /// `issuer`: for tests in which it misbehaves.
    init(
        upstreamTLS: Bool = true, receiveBuffer: Int32? = nil, issuer: TestIssuer? = nil,
        configure: (inout GatewayOptions) -> Void = { _ in },
        script: @escaping ScriptedUpstream.Script = StandardUpstream.serve
    ) throws {
        certificates = try Certificates.shared.get()
        self.issuer = try issuer ?? Self.wellBehavedIssuer.get()
        token = try self.issuer.token(for: "alice", groups: ["developers"])
        upstream = try ScriptedUpstream(
            tls: upstreamTLS ? certificates.server() : nil, receiveBuffer: receiveBuffer, script)
        var options = GatewayOptions(issuer: self.issuer, upstream: upstream)
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
    }

    /// A world for the length of the body; its gateway must end cleanly, also when the body throws.
    static func run(
        upstreamTLS: Bool = true, receiveBuffer: Int32? = nil, issuer: TestIssuer? = nil,
        configure: (inout GatewayOptions) -> Void = { _ in },
        script: @escaping ScriptedUpstream.Script = StandardUpstream.serve,
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (World) throws -> Void
    ) throws {
        let world = try World(
            upstreamTLS: upstreamTLS, receiveBuffer: receiveBuffer, issuer: issuer, configure: configure,
            script: script)
        defer { world.stop(sourceLocation: sourceLocation) }
        try body(world)
    }

    /// curl with the gateway's authority, over HTTP/1.1; `path` may be several.
    func curl(_ paths: String..., arguments: [String], token: String? = nil) throws -> ChildProcess.Finished {
        let authorization = token.map { ["--header", "Authorization: Bearer \($0)"] } ?? []
        return try ChildProcess.run(
            "curl",
            ["--silent", "--show-error", "--max-time", "30", "--http1.1", "--cacert", certificates.authority]
                + authorization + arguments + paths.map { "https://\(gateway.endpoint)\($0)" })
    }
}
