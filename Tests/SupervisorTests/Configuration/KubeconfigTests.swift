// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared
import Testing

@testable import Supervisor

@Suite struct KubeconfigTests {
    private static let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    private static let key = "-----BEGIN PRIVATE KEY-----\nS3CR3T\n-----END PRIVATE KEY-----\n"

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// As kind and kubeadm write it, with the lines of the cluster and of the user left open.
    private static func kubeconfig(cluster: String, user: String) -> String {
        """
        apiVersion: v1
        kind: Config
        preferences: {}
        current-context: kind-kind
        contexts:
        - name: other
          context: {cluster: nowhere, user: nobody}
        - name: kind-kind
          context: {cluster: kind-kind, user: kind-kind, namespace: default}
        clusters:
        - name: kind-kind
          cluster:
            \(cluster)
        users:
        - name: kind-kind
          user:
            \(user)
        """
    }

    private static let configuration = MinimalConfiguration.replacing([8: "  kubeconfig: admin.conf"])

    private func upstream(_ kubeconfig: String) throws -> UpstreamConfiguration {
        try ConfigurationFolder(["lychgate.yaml": Self.configuration, "admin.conf": kubeconfig]).load().configuration
            .upstream
    }

    @Test func inlineData() throws {
        let upstream = try self.upstream(
            Self.kubeconfig(
                cluster: "{server: \"https://127.0.0.1:6443/\", certificate-authority-data: \(Self.base64(Self.pem))}",
                user: "{client-certificate-data: \(Self.base64(Self.pem)), client-key-data: \(Self.base64(Self.key))}"))
        var expected = UpstreamConfiguration(server: "https://127.0.0.1:6443")
        expected.certificateAuthorityData = Self.pem
        expected.clientCertificateData = Self.pem
        expected.clientKeyData = SecretText(Self.key)
        #expect(upstream == expected)
    }

    @Test func filesAreRelativeToTheKubeconfig() throws {
        let folder = try ConfigurationFolder(["lychgate.yaml": Self.configuration])
        try folder.write(
            "admin.conf",
            Self.kubeconfig(
                cluster: "{server: https://h, certificate-authority: ca.crt, tls-server-name: api}",
                user: "{client-certificate: client.crt, client-key: client.key, tokenFile: token, token: inline}"))
        var expected = UpstreamConfiguration(server: "https://h")
        expected.certificateAuthorityFile = "\(folder.path)/ca.crt"
        expected.tlsServerName = "api"
        expected.clientCertificateFile = "\(folder.path)/client.crt"
        expected.clientKeyFile = "\(folder.path)/client.key"
        expected.tokenFile = "\(folder.path)/token"
        #expect(try folder.load().configuration.upstream == expected)
    }

    @Test func inlineTokenIsPassedOnAndNeverPrinted() throws {
        let folder = try ConfigurationFolder([
            "lychgate.yaml": Self.configuration,
            "admin.conf": Self.kubeconfig(cluster: "{server: https://h}", user: "{token: s3cr3t}"),
        ])
        let loaded = try folder.load()
        #expect(loaded.configuration.upstream.tokenData?.exposed == "s3cr3t")
        #expect(String(decoding: loaded.json, as: UTF8.self).contains("\"tokenData\":\"s3cr3t\""))
        var dumped = ""
        dump(loaded.configuration, to: &dumped)
        for text in ["\(loaded.configuration)", String(reflecting: loaded.configuration), dumped] {
            #expect(text.contains("secret") && !text.contains("s3cr3t"))
        }
    }

    @Test(arguments: [
        (
            "{server: https://h, insecure-skip-tls-verify: true}", "{}",
            [
                "13:51: clusters[0].cluster.insecure-skip-tls-verify: would hand the gateway's credential to anyone;"
                    + " write `certificate-authority`, and `tls-server-name` when the name differs, instead"
            ]
        ),
        (
            "{server: https://h, proxy-url: http://p}", "{}",
            [
                "13:36: clusters[0].cluster.proxy-url: is not supported; name an API server that is reached directly"
            ]
        ),
        (
            "{server: https://h/k8s/c-1}", "{}",
            [
                "13:14: clusters[0].cluster.server: `https://h/k8s/c-1` has a path, which is not supported;"
                    + " write https://HOST[:PORT] instead"
            ]
        ),
        ("{}", "{}", ["13:5: clusters[0].cluster.server: is missing; write `server: https://HOST:PORT`"]),
        (
            "{server: https://h}", "{exec: {command: aws}}",
            [
                "17:12: users[0].user.exec: runs a program for its credential, which the gateway never does;"
                    + " write a service account's token into a file and name it by `tokenFile` instead"
            ]
        ),
        (
            "{server: https://h}", "{auth-provider: {name: gcp}}",
            [
                "17:21: users[0].user.auth-provider: needs a plugin, which the gateway does not have;"
                    + " write a service account's token into a file and name it by `tokenFile` instead"
            ]
        ),
        (
            "{server: https://h}", "{client-key-data: S3CR3T}",
            ["17:23: users[0].user.client-key-data: is no base64 of a PEM text; write the output of `base64 -w0 FILE`"]
        ),
        (
            "{server: https://h}", "{token: \"two words\"}",
            ["17:13: users[0].user.token: holds characters that no bearer token has; write the token alone"]
        ),
        (
            "{server: https://h}", "{token: 12345}",
            ["17:13: users[0].user.token: is a number; write it in quotes instead"]
        ),
        (
            "{server: https://h}", "{client-certificate: client.crt}",
            [
                "17:26: users[0].user.client-certificate: has no private key beside it;"
                    + " write `clientKeyFile` too (in a kubeconfig, `client-key`)"
            ]
        ),
        (
            "{server: https://h, certificate-authority: none.crt}", "{}",
            [
                "13:48: clusters[0].cluster.certificate-authority: no such file: FOLDER/none.crt;"
                    + " write the path of an existing file instead"
            ]
        ),
    ])
    func isReportedInTheKubeconfig(cluster: String, user: String, problems: [String]) throws {
        let folder = try ConfigurationFolder([
            "lychgate.yaml": Self.configuration, "admin.conf": Self.kubeconfig(cluster: cluster, user: user),
        ])
        let found = try folder.problems()
        #expect(found == problems.map { "FOLDER/admin.conf:\($0)" })
    }

    @Test(arguments: [
        (
            "context: none",
            "FOLDER/admin.conf:6:1: contexts: no entry of `contexts` is named `none`; write one of: other, kind-kind"
        ),
        (
            "context: other",
            "FOLDER/admin.conf:7:22: contexts[0].context.cluster: no entry of `clusters` is named `nowhere`;"
                + " write one of: kind-kind"
        ),
    ])
    func contexts(line: String, problem: String) throws {
        let folder = try ConfigurationFolder([
            "lychgate.yaml": MinimalConfiguration.replacing([8: "  kubeconfig: admin.conf\n  \(line)"]),
            "admin.conf": Self.kubeconfig(cluster: "{server: https://h}", user: "{}"),
        ])
        let found = try folder.problems()
        #expect(found == [problem])
    }

    @Test(arguments: [
        ("kind: Pod\n", "FOLDER/admin.conf:1:7: kind: is `Pod`; name a kubeconfig, whose kind is Config"),
        (
            "kind: Config\n",
            "FOLDER/admin.conf:1:1: current-context: is not set; write `context: NAME` beside `kubeconfig`"
        ),
        (
            "[",
            "FOLDER/admin.conf:2:1: not YAML: while parsing a flow node, did not find expected node content; check indentation and quotes"
        ),
        (
            "",
            "lychgate.yaml:8:15: upstream.kubeconfig: FOLDER/admin.conf is empty; write the path of a file with the contents instead"
        ),
    ])
    func noKubeconfig(text: String, problem: String) throws {
        let folder = try ConfigurationFolder(["lychgate.yaml": Self.configuration, "admin.conf": text])
        let found = try folder.problems()
        #expect(found == [problem])
    }

    @Test(arguments: [("10.0.0.1", "https://10.0.0.1:443"), ("fd00::1", "https://[fd00::1]:443")])
    func inCluster(host: String, server: String) throws {
        let folder = try ConfigurationFolder(["lychgate.yaml": MinimalConfiguration.replacing([8: "  inCluster: true"])]
        )
        let environment = ["KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"]
        #expect(
            try folder.problems(environment: environment)
                == ["ca.crt", "token"].map {
                    "lychgate.yaml:8:14: upstream.inCluster: no such file: FOLDER/account/\($0);"
                        + " write the path of an existing file instead"
                })
        try FileManager.default.createDirectory(atPath: "\(folder.path)/account", withIntermediateDirectories: true)
        try folder.write("account/ca.crt", "x")
        try folder.write("account/token", "x")
        var expected = UpstreamConfiguration(server: server)
        expected.certificateAuthorityFile = "\(folder.path)/account/ca.crt"
        expected.tokenFile = "\(folder.path)/account/token"
        #expect(try folder.load(environment: environment).configuration.upstream == expected)
    }
}
