// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Shared

/// `lychgate kubeconfig`: prints a kubeconfig for the gateway's users: kubectl gets its token by the plugin kubelogin
/// (`kubectl oidc-login`), or out of a file.
struct KubeconfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubeconfig", abstract: "Print a kubeconfig for the gateway's users.",
        discussion: """
            Without --token-file, kubectl needs the plugin kubelogin (kubectl krew install oidc-login). Issuer and client \
            are those of the gateway's configuration unless both --issuer and --client-id are given.
            """)

    @Option(help: ArgumentHelp("Where clients reach the gateway: https://HOST[:PORT].", valueName: "url"))
    var server: String
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The gateway's configuration (default: \(ConfigurationLoader.defaultFile)).", valueName: "file"))
    var config: String?
    @Option(
        help: ArgumentHelp(
            "PEM: who signed the gateway's certificate, embedded (default: clients use their system's).",
            valueName: "file"))
    var certificateAuthority: String?
    @Option(help: ArgumentHelp("The issuer, where the configuration has several.", valueName: "url"))
    var issuer: String?
    @Option(help: ArgumentHelp("The client at the issuer (default: the first audience).", valueName: "id"))
    var clientId: String?
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A scope to ask the issuer for besides openid; may be repeated.", valueName: "scope"))
    var extraScope: [String] = []
    @Option(help: ArgumentHelp("A file on the user's machine that holds the token; no plugin then.", valueName: "file"))
    var tokenFile: String?
    @Option(help: "What cluster, user and context are called.")
    var name = "lychgate"

    func validate() throws {
        let isPlain = self.server.hasPrefix("http://")
        guard ServerURL.complaint(aboutUpstream: self.server) == nil, !isPlain else {
            throw ValidationError("--server: `\(self.server)` is no address of a gateway; write https://HOST[:PORT]")
        }
    }

    func run() throws {
        print(try self.document(), terminator: "")
    }

    func document() throws -> String {
        var cluster = "server: \(Self.quoted(self.server))"
        if let file = self.certificateAuthority {
            cluster += "\n      certificate-authority-data: \(try Self.encoded(file))"
        }
        return """
            apiVersion: v1
            kind: Config
            current-context: \(Self.quoted(self.name))
            clusters:
              - name: \(Self.quoted(self.name))
                cluster:
                  \(cluster)
            contexts:
              - name: \(Self.quoted(self.name))
                context:
                  cluster: \(Self.quoted(self.name))
                  user: \(Self.quoted(self.name))
            users:
              - name: \(Self.quoted(self.name))
                user:
                  \(try self.user())

            """
    }

    private func user() throws -> String {
        if let tokenFile = self.tokenFile { return "tokenFile: \(Self.quoted(tokenFile))" }
        let issuer = try self.chosenIssuer()
        var arguments = [
            "oidc-login", "get-token", "--oidc-issuer-url=\(issuer.url)", "--oidc-client-id=\(issuer.client)",
        ]
        arguments += self.extraScope.map { "--oidc-extra-scope=\($0)" }
        if let authority = issuer.authority { arguments.append("--certificate-authority-data=\(authority)") }
        let list = arguments.map { "\n          - \(Self.quoted($0))" }.joined()
        return """
            exec:
                    apiVersion: client.authentication.k8s.io/v1
                    command: kubectl
                    interactiveMode: IfAvailable
                    installHint: kubectl needs the plugin kubelogin; see https://github.com/int128/kubelogin
                    args:\(list)
            """
    }

    private struct Issuer {
        let url: String
        let client: String
        /// PEM in base64.
        var authority: String?
    }

    private func chosenIssuer() throws -> Issuer {
        if let issuer = self.issuer, let client = self.clientId { return Issuer(url: issuer, client: client) }
        let loaded = try ConfigurationLoader().load(file: self.config ?? ConfigurationLoader.defaultFile)
        let all = try Self.issuers(in: loaded.configuration.authentication)
        let fitting = self.issuer.map { wanted in all.filter { $0.url == wanted } } ?? all
        guard let first = fitting.first, fitting.count == 1 else {
            let names = all.map(\.url).joined(separator: ", ")
            throw CommandFailure(
                all.isEmpty
                    ? "the configuration has no issuer; write --token-file, or --issuer and --client-id"
                    : "write --issuer with one of \(names)")
        }
        return Issuer(url: first.url, client: self.clientId ?? first.client, authority: first.authority)
    }

    private static func issuers(in authentication: AuthenticationConfiguration) throws -> [Issuer] {
        if let oidc = authentication.oidc {
            return [
                Issuer(
                    url: oidc.issuerURL, client: oidc.clientID, authority: try oidc.caFile.map { try Self.encoded($0) })
            ]
        }
        struct Document: Decodable {
            struct Entry: Decodable {
                struct Issuer: Decodable {
                    let url: String
                    let audiences: [String]
                    let certificateAuthority: String?
                }
                let issuer: Issuer
            }
            let jwt: [Entry]?
        }
        guard let file = authentication.file else { return [] }
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(file.document.utf8)) else {
            throw CommandFailure("\(file.path) is not acceptable; `lychgate check` says why")
        }
        return (document.jwt ?? []).map { entry in
            let authority = entry.issuer.certificateAuthority.flatMap { $0.isEmpty ? nil : $0 }
            return Issuer(
                url: entry.issuer.url, client: entry.issuer.audiences.first ?? "",
                authority: authority.map { Data($0.utf8).base64EncodedString() })
        }
    }

    private static func encoded(_ file: String) throws(CommandFailure) -> String {
        do {
            let path = FilePath.resolve(file, against: Surroundings.current.workingFolder)
            return Data(try FileProbe.text(of: path).utf8).base64EncodedString()
        } catch {
            throw CommandFailure(error.complaint)
        }
    }

    /// As JSON, which YAML reads as well.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            default:
                if scalar.value < 0x20 {
                    let hex = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
