// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared
import Testing

@testable import Supervisor

/// The table of keys, the types' own defaults, the reader and the example file say the same.
@Suite struct DefaultsTests {
    /// What the example names beyond defaults.
    private static func example(in folder: String) -> GatewayConfiguration {
        var upstream = UpstreamConfiguration(server: "https://127.0.0.1:6443")
        upstream.certificateAuthorityFile = "\(folder)/kubernetes-ca.crt"
        upstream.tokenFile = "\(folder)/token"
        return GatewayConfiguration(
            listeners: [
                ListenerConfiguration(
                    address: "0.0.0.0:8443",
                    tls: .init(certificateFile: "\(folder)/tls.crt", keyFile: "\(folder)/tls.key"))
            ],
            upstream: upstream,
            authentication: .init(oidc: .init(issuerURL: "https://issuer.example", clientID: "kubernetes")))
    }

    private static let exampleText = Self.packaged("examples/lychgate.yaml")

    private static func packaged(_ name: String) -> String? {
        let root = (1...4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        return try? String(contentsOfFile: root.appendingPathComponent("packaging/\(name)").path, encoding: .utf8)
    }

    @Test func theExampleIsTheDefaults() throws {
        let text = try #require(Self.exampleText)
        let folder = try ConfigurationFolder(["lychgate.yaml": text, "kubernetes-ca.crt": "x"])
        #expect(try folder.load().configuration == Self.example(in: folder.path))
    }

    @Test func theExampleNamesEveryKeyAndDefault() throws {
        let lines = try #require(Self.exampleText).split(separator: "\n").map {
            $0.drop { $0 == " " || $0 == "#" || $0 == "-" }
        }
        for key in ConfigurationSchema.keys {
            let name = key.path.split(separator: ".").last ?? ""
            var wanted = "\(name):"
            if case .value(let text) = key.fallback {
                wanted += " \(text)"
            }
            #expect(lines.contains { $0.hasPrefix(wanted) }, "\(key.path) is not in the example as `\(wanted)`")
        }
    }

    @Test func theManualNamesEveryKeyAndDefault() throws {
        let lines = try #require(Self.packaged("man/lychgate.yaml.5")).split(separator: "\n")
        for key in ConfigurationSchema.keys {
            let kind = key.kind == .file ? "path" : key.kind.rawValue
            let entry =
                switch key.fallback {
                case .required: ".It Cm \(key.path) Pq \(kind); required"
                // mdoc(7) would take a plain quote for its own.
                case .value(let text):
                    ".It Cm \(key.path) Pq \(kind); default \(text.replacing("\"", with: "\\(dq"))"
                case .none: ".It Cm \(key.path) Pq \(kind)"
                }
            let index = try #require(lines.firstIndex { $0 == entry }, "the manual has no line `\(entry)`")
            #expect(lines[index + 1] == key.meaning)
        }
    }

    @Test func theTableNamesEveryDefault() throws {
        let folder = try ConfigurationFolder()
        var lines = MinimalConfiguration.lines
        // Sections that the minimum does not have, out of the table alone.
        for section in [
            "authentication.cache", "authentication.keys", "authentication.tokenReview", "authentication.impersonation",
            "authentication.tokenExpiry", "authentication.lookups", "upstream.pool", "workers", "recycling",
            "deadlines", "limits", "logging", "control",
        ] {
            let members = ConfigurationSchema.keys.compactMap { key -> String? in
                guard key.path.hasPrefix("\(section)."), case .value(let text) = key.fallback else { return nil }
                return "\(key.path.dropFirst(section.count + 1)): \(text)"
            }
            #expect(!members.isEmpty)
            let flow = "\(section.split(separator: ".").last ?? ""): {\(members.joined(separator: ", "))}"
            switch section {
            case "upstream.pool": lines.insert("  \(flow)", at: 8)
            // The lines of `authentication` are the last of the minimum.
            case let section where section.hasPrefix("authentication."): lines.append("  \(flow)")
            default: lines.append(flow)
            }
        }
        try folder.write("lychgate.yaml", MinimalConfiguration.text)
        try folder.write("full.yaml", lines.joined(separator: "\n"))
        #expect(try folder.load("full.yaml").configuration == folder.load().configuration)
    }

    @Test func theTableHasNoKeyTwice() {
        let paths = ConfigurationSchema.keys.map(\.path)
        #expect(Set(paths).count == paths.count)
    }

    @Test func everythingCanBeWritten() throws {
        let text = """
            apiVersion: lychgate/v1
            kind: GatewayConfiguration
            listeners:
              - {name: a, address: "[::]:1", tls: {certificateFile: tls.crt, keyFile: tls.key, clientCAFile: ca.crt}}
              - {name: b, tls: &tls {certificateFile: tls.crt, keyFile: tls.key, minimumVersion: "1.3"}}
              - {name: c, address: "127.0.0.1:2", trustedProxies: [10.0.0.0/8, "::1"]}
              - name: d
                address: "127.0.0.1:4"
                mode: forwardAuth
                identityFields: {user: A-User, uid: A-Uid, group: A-Group, extraPrefix: A-Extra-}
              - {name: e, address: "127.0.0.1:5", mode: tokenReview, audiences: [x], callerTokenFile: token}
            upstream:
              server: https://[2001:db8::1]:6443
              certificateAuthorityFile: ca.crt
              tlsServerName: api
              clientCertificateFile: client.crt
              clientKeyFile: /dev/../\("FOLDER")/client.key
              tokenFile: token
              pool: {maxConnections: 3, maxIdle: 0, idleTimeout: 1.5s}
            authentication:
              oidc:
                issuerURL: https://issuer.example/realm
                clientID: "12"
                caFile: ca.crt
                usernameClaim: email
                usernamePrefix: "-"
                groupsClaim: groups
                groupsPrefix: "oidc:"
                requiredClaims: {a: "1", "https://b.example/c": no}
                signingAlgorithms: [ES256, PS512]
              keys:
                refreshInterval: 1h30m
              cache: {maxEntries: 1, acceptedFor: 0s, refusedFor: 250ms}
              tokenReview: {mode: impersonate, audiences: [a], acceptedFor: 1s, refusedFor: 2s}
              introspection: {url: "https://as.example/i", caFile: ca.crt, clientID: g, privateKeyFile: client.key,
                keyID: k, assertionAudience: "https://as.example", issuer: "https://as.example", audiences: [b],
                usernameClaim: username, usernamePrefix: "o:", groupsClaim: roles, groupsPrefix: "", acceptedFor: 3s,
                refusedFor: 4s}
              impersonation: {mode: authorize, maxChecks: 3, allowedFor: 5s, deniedFor: 6s}
              tokenExpiry: {mode: afterGrace, grace: 7s}
              lookups: {maxConcurrent: 1, maxWaiting: 2, maxCached: 3}
            workers: {count: 2, maxConnections: 10, maxInFlight: 20, cpuAffinity: auto, executable: token}
            recycling: {inFlightLimit: 7, memorySoft: 2MiB, memoryHard: 3MiB, maxRequests: 9, maxAge: 0s, jitterPercent: 0}
            deadlines: {tlsHandshake: 1s, requestHead: 2s, keepAliveIdle: 3s, identity: 4s, upstreamConnect: 5s,
              firstResponseByte: 6s, request: 7s, bodyProgress: 8s, tunnelIdle: 12s, drain: 9s, hardStop: 10s,
              workerStart: 11s}
            limits: {requestLine: 1024, head: 8KiB, fields: 64, bufferMemory: 1GiB, groups: 5, extras: 6, identity: 2KiB}
            logging: {level: debug, requests: false}
            control: {socket: none}
            admin: {address: "127.0.0.1:3", tls: *tls}
            """
        let folder = try ConfigurationFolder()
        try folder.write("lychgate.yaml", text.replacing("FOLDER", with: folder.path))
        let root = folder.path
        let tls = ListenerConfiguration.ServerTLS(
            certificateFile: "\(root)/tls.crt", keyFile: "\(root)/tls.key", minimumVersion: .tls13)
        var upstream = UpstreamConfiguration(
            server: "https://[2001:db8::1]:6443",
            pool: .init(maxConnections: 3, maxIdle: 0, idleTimeout: .milliseconds(1_500)))
        upstream.certificateAuthorityFile = "\(root)/ca.crt"
        upstream.tlsServerName = "api"
        upstream.clientCertificateFile = "\(root)/client.crt"
        upstream.clientKeyFile = "/dev/../\(root)/client.key"
        upstream.tokenFile = "\(root)/token"
        var listeners = [
            ListenerConfiguration(
                name: "a", address: "[::]:1",
                tls: .init(
                    certificateFile: "\(root)/tls.crt", keyFile: "\(root)/tls.key", clientCAFile: "\(root)/ca.crt")),
            .init(name: "b", address: nil, tls: tls),
            .init(name: "c", address: "127.0.0.1:2", tls: nil), .init(name: "d", address: "127.0.0.1:4", tls: nil),
            .init(name: "e", address: "127.0.0.1:5", tls: nil),
        ]
        listeners[2].trustedProxies = ["10.0.0.0/8", "::1"]
        listeners[3].mode = .forwardAuth
        listeners[3].identityFields.user = "A-User"
        listeners[3].identityFields.uid = "A-Uid"
        listeners[3].identityFields.group = "A-Group"
        listeners[3].identityFields.extraPrefix = "A-Extra-"
        listeners[4].mode = .tokenReview
        listeners[4].audiences = ["x"]
        listeners[4].callerTokenFile = "\(root)/token"
        let expected = GatewayConfiguration(
            listeners: listeners,
            upstream: upstream,
            authentication: .init(
                oidc: .init(
                    issuerURL: "https://issuer.example/realm", clientID: "12", caFile: "\(root)/ca.crt",
                    usernameClaim: "email", usernamePrefix: "-", groupsClaim: "groups", groupsPrefix: "oidc:",
                    requiredClaims: ["a": "1", "https://b.example/c": "no"], signingAlgorithms: ["ES256", "PS512"]),
                keys: .init(refreshInterval: .seconds(5_400)),
                cache: .init(maxEntries: 1, acceptedFor: .zero, refusedFor: .milliseconds(250)),
                tokenReview: .init(
                    mode: .impersonate, audiences: ["a"], acceptedFor: .seconds(1), refusedFor: .seconds(2)),
                introspection: .init(
                    url: "https://as.example/i", clientID: "g", caFile: "\(root)/ca.crt",
                    privateKeyFile: "\(root)/client.key", keyID: "k", assertionAudience: "https://as.example",
                    issuer: "https://as.example", audiences: ["b"], usernameClaim: "username", usernamePrefix: "o:",
                    groupsClaim: "roles", acceptedFor: .seconds(3), refusedFor: .seconds(4)),
                impersonation: .init(
                    mode: .authorize, maxChecks: 3, allowedFor: .seconds(5), deniedFor: .seconds(6)),
                tokenExpiry: .init(mode: .afterGrace, grace: .seconds(7)),
                lookups: .init(maxConcurrent: 1, maxWaiting: 2, maxCached: 3)),
            workers: .init(
                count: 2, maxConnections: 10, maxInFlight: 20, cpuAffinity: .auto, executable: "\(root)/token"),
            recycling: .init(
                inFlightLimit: 7, memorySoft: 2_097_152, memoryHard: 3_145_728, maxRequests: 9, maxAge: .zero,
                jitterPercent: 0),
            deadlines: .init(
                tlsHandshake: .seconds(1), requestHead: .seconds(2), keepAliveIdle: .seconds(3), identity: .seconds(4),
                upstreamConnect: .seconds(5), firstResponseByte: .seconds(6), request: .seconds(7),
                bodyProgress: .seconds(8), tunnelIdle: .seconds(12), drain: .seconds(9), hardStop: .seconds(10),
                workerStart: .seconds(11)),
            limits: .init(
                requestLine: 1_024, head: 8_192, fields: 64, bufferMemory: 1_073_741_824, groups: 5, extras: 6,
                identity: 2_048),
            logging: .init(level: .debug, requests: false), control: .init(socket: nil),
            admin: .init(address: "127.0.0.1:3", tls: tls))
        let loaded = try folder.load()
        #expect(loaded.configuration == expected)
        #expect(loaded.sourceFile == "\(root)/lychgate.yaml")
        #expect(try JSONDecoder().decode(GatewayConfiguration.self, from: Data(loaded.json)) == expected)
    }
}
