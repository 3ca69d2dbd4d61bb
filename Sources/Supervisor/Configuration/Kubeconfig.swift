// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared

/// Reads the part of a kubeconfig (client-go's `clientcmd/api/v1`) that a gateway can use: one context's cluster and
/// user. Keys that it does not know are left alone, since the file belongs to kubectl; those that would change what is
/// sent, and that the gateway cannot follow, are refused.
struct Kubeconfig {
    /// The absolute path; relative paths inside are resolved against its folder, as client-go does.
    let file: String
    let report: LoadReport

    /// - Parameter note: is told where in the kubeconfig each setting of the upstream came from.
    /// - Returns: nil when something was reported.
    func upstream(text: String, context name: String?, note outer: LoadReport) -> UpstreamConfiguration? {
        let document: YAMLDocument
        do {
            document = try YAMLDocument(text: text)
        } catch {
            self.report.blame(
                "", at: .file(self.file, line: error.line, column: error.column, key: ""), error.message)
            return nil
        }
        guard
            let root = MappingReader(
                document.root, path: "", file: self.file, document: document, report: self.report, keys: nil)
        else { return nil }
        if let kind = root.string("kind", example: "Config"), kind != "Config" {
            root.blame("kind", "is `\(kind)`; name a kubeconfig, whose kind is Config")
            return nil
        }
        guard let name = name ?? root.string("current-context", example: "a context", mayBeEmpty: true), !name.isEmpty
        else {
            self.report.blame("current-context", "is not set; write `context: NAME` beside `kubeconfig`")
            return nil
        }
        guard let context = self.entry(root, "contexts", name, body: "context"),
            let cluster = self.referenced(root, context, "cluster", list: "clusters"),
            let user = self.referenced(root, context, "user", list: "users")
        else { return nil }
        var upstream = UpstreamConfiguration(server: "")
        self.readCluster(cluster, into: &upstream, outer)
        self.readUser(user, into: &upstream, outer)
        return self.report.problems.isEmpty ? upstream : nil
    }

    // MARK: Lists of named entries

    private func referenced(_ root: MappingReader, _ context: MappingReader, _ key: String, list: String)
        -> MappingReader?
    {
        context.require(key, "the name of one of `\(list)`")
        guard let name = context.string(key, example: "a name") else { return nil }
        return self.entry(root, list, name, body: key, from: context.path(of: key))
    }

    private func entry(
        _ root: MappingReader, _ list: String, _ name: String, body: String, from reference: String? = nil
    ) -> MappingReader? {
        root.require(list, "a list with an entry named `\(name)`")
        guard let entries = root.mappings(list, keys: nil) else { return nil }
        let found = entries.filter { $0.reader.string("name", example: "a name") == name }
        guard let entry = found.first else {
            let names = entries.compactMap { $0.reader.string("name", example: "a name") }
            self.report.blame(
                reference ?? list,
                "no entry of `\(list)` is named `\(name)`; write one of: \(names.joined(separator: ", "))")
            return nil
        }
        if found.count > 1 {
            self.report.blame(
                found[1].reader.path(of: "name"), "`\(name)` is the name of two entries; remove one of them")
        }
        entry.reader.require(body, "a mapping")
        return entry.reader.mapping(body, keys: nil)
    }

    // MARK: Cluster

    private func readCluster(_ cluster: MappingReader, into upstream: inout UpstreamConfiguration, _ outer: LoadReport)
    {
        cluster.require("server", "`server: https://HOST:PORT`")
        if let server = cluster.string("server", example: "https://HOST:PORT") {
            // kubectl accepts a slash at the end, as some tools write it.
            upstream.server = server.hasSuffix("/") ? String(server.dropLast()) : server
            self.trace("server", cluster, "server", outer)
        }
        if cluster.contains("insecure-skip-tls-verify"), cluster.boolean("insecure-skip-tls-verify") != false {
            cluster.blame(
                "insecure-skip-tls-verify",
                "would hand the gateway's credential to anyone; write `certificate-authority`, and `tls-server-name`"
                    + " when the name differs, instead")
        }
        if cluster.contains("proxy-url") {
            cluster.blame("proxy-url", "is not supported; name an API server that is reached directly")
        }
        upstream.tlsServerName = cluster.string("tls-server-name", example: "kubernetes", mayBeEmpty: true).flatMap {
            $0.isEmpty ? nil : $0
        }
        self.trace("tlsServerName", cluster, "tls-server-name", outer)
        // Inline data wins over a file, as in client-go.
        if let pem = self.data(cluster, "certificate-authority-data") {
            upstream.certificateAuthorityData = pem
            self.trace("certificateAuthorityFile", cluster, "certificate-authority-data", outer)
        } else {
            upstream.certificateAuthorityFile = self.path(cluster, "certificate-authority")
            self.trace("certificateAuthorityFile", cluster, "certificate-authority", outer)
        }
    }

    // MARK: User

    /// What runs programs or plugins, or speaks for somebody else, and what to write instead.
    private static let refusedUserKeys = [
        ("exec", "runs a program for its credential, which the gateway never does"),
        ("auth-provider", "needs a plugin, which the gateway does not have"),
        ("username", "is basic authentication, which Kubernetes removed"),
        ("password", "is basic authentication, which Kubernetes removed"),
        ("as", "impersonates somebody, which the gateway does itself, for each client"),
        ("as-groups", "impersonates somebody, which the gateway does itself, for each client"),
        ("as-uid", "impersonates somebody, which the gateway does itself, for each client"),
        ("as-user-extra", "impersonates somebody, which the gateway does itself, for each client"),
    ]

    private func readUser(_ user: MappingReader, into upstream: inout UpstreamConfiguration, _ outer: LoadReport) {
        for (key, reason) in Self.refusedUserKeys where user.contains(key) {
            user.blame(key, "\(reason); write a service account's token into a file and name it by `tokenFile` instead")
        }
        if let pem = self.data(user, "client-certificate-data") {
            upstream.clientCertificateData = pem
            self.trace("clientCertificateFile", user, "client-certificate-data", outer)
        } else {
            upstream.clientCertificateFile = self.path(user, "client-certificate")
            self.trace("clientCertificateFile", user, "client-certificate", outer)
        }
        if let pem = self.data(user, "client-key-data") {
            upstream.clientKeyData = SecretText(pem)
            self.trace("clientKeyFile", user, "client-key-data", outer)
        } else {
            upstream.clientKeyFile = self.path(user, "client-key")
            self.trace("clientKeyFile", user, "client-key", outer)
        }
        // The file wins over the inline token, as in client-go: it can be renewed.
        if let path = self.path(user, "tokenFile") {
            upstream.tokenFile = path
            self.trace("tokenFile", user, "tokenFile", outer)
        } else if let token = user.string("token", example: "\"…\""), !token.isEmpty {
            guard token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                user.blame("token", "holds characters that no bearer token has; write the token alone")
                return
            }
            upstream.tokenData = SecretText(token)
            self.trace("tokenFile", user, "token", outer)
        }
    }

    // MARK: Values

    private func path(_ reader: MappingReader, _ key: String) -> String? {
        guard let path = reader.string(key, example: "a path", mayBeEmpty: true), !path.isEmpty else { return nil }
        return FilePath.resolve(path, against: FilePath.folder(of: self.file))
    }

    /// Base64 of a PEM text. The value is never part of a message: it may be a private key.
    private func data(_ reader: MappingReader, _ key: String) -> String? {
        guard let text = reader.string(key, example: "base64", mayBeEmpty: true), !text.isEmpty else { return nil }
        guard let bytes = Data(base64Encoded: text), let pem = String(data: bytes, encoding: .utf8),
            pem.contains("-----BEGIN ")
        else {
            reader.blame(key, "is no base64 of a PEM text; write the output of `base64 -w0 FILE`")
            return nil
        }
        return pem
    }

    /// Tells the outer report that a setting of the upstream stands in this file.
    private func trace(_ setting: String, _ reader: MappingReader, _ key: String, _ outer: LoadReport) {
        guard reader.contains(key) else { return }
        outer.note("upstream.\(setting)", at: self.report.place(of: reader.path(of: key)))
    }
}
