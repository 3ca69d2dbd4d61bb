// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct FlagsTests {
    private static let minimum = [
        "--tls-cert-file=tls.crt", "--tls-private-key-file", "tls.key", "--oidc-issuer-url=https://issuer.example",
        "--oidc-client-id=kubernetes", "--server=https://127.0.0.1:6443",
    ]

    @Test func flagsSayWhatAFileSays() throws {
        let folder = try ConfigurationFolder([
            "lychgate.yaml": """
            apiVersion: lychgate/v1
            kind: GatewayConfiguration
            listeners:
              - {address: "[::]:443", tls: {certificateFile: tls.crt, keyFile: tls.key, minimumVersion: "1.3"}}
            upstream:
              server: https://127.0.0.1:6443
              certificateAuthorityFile: ca.crt
              tlsServerName: kubernetes
              clientCertificateFile: client.crt
              clientKeyFile: client.key
              tokenFile: token
            authentication:
              oidc:
                issuerURL: https://issuer.example
                clientID: kubernetes
                caFile: ca.crt
                usernameClaim: email
                usernamePrefix: "-"
                groupsClaim: groups
                groupsPrefix: "oidc:"
                requiredClaims: {a: b=c, d: ""}
                signingAlgorithms: [RS256, ES256, PS256]
            """.replacing(", d: \"\"", with: "")
        ])
        let flags = try folder.load(
            flags: Self.minimum + [
                "--bind-address=::", "--secure-port=443", "--tls-min-version=VersionTLS13",
                "--certificate-authority=ca.crt",
                "--tls-server-name=kubernetes", "--client-certificate=client.crt", "--client-key=client.key",
                "--token-file=token", "--oidc-ca-file=ca.crt", "--oidc-username-claim=email",
                "--oidc-username-prefix=-", "--oidc-groups-claim=groups", "--oidc-groups-prefix=oidc:",
                "--oidc-required-claim=a=b=c", "--oidc-signing-algs=RS256,ES256", "--oidc-signing-algs=PS256",
            ])
        let file = try folder.load()
        #expect(flags.configuration == file.configuration)
        #expect(flags.json == file.json)
        #expect(flags.sourceFile == nil)
    }

    @Test func defaultsAreThoseOfKubernetes() throws {
        let folder = try ConfigurationFolder([
            "lychgate.yaml": MinimalConfiguration.replacing([5: "    address: 0.0.0.0:6443"])
        ])
        // An empty prefix or claim is as good as none.
        let flags = Self.minimum + ["--oidc-username-prefix=", "--oidc-groups-claim="]
        #expect(try folder.load(flags: flags).configuration == folder.load().configuration)
    }

    @Test func kubeconfigAndPod() throws {
        let folder = try ConfigurationFolder([
            "admin.conf": """
            contexts: [{name: c, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://h"}}]
            users: [{name: u, user: {token: t}}]
            """
        ])
        let rest = Array(Self.minimum.dropLast())
        let upstream = try folder.load(flags: rest + ["--kubeconfig=admin.conf", "--context=c"]).configuration.upstream
        #expect(upstream.server == "https://h" && upstream.tokenData?.exposed == "t")
        #expect(
            try folder.problems(flags: rest) == [
                "--kubeconfig: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is no pod;"
                    + " name the API server by `server` or `kubeconfig` instead"
            ])
        let pod = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        #expect(try folder.problems(flags: rest, environment: pod).count == 2)
    }

    @Test(
        arguments: [
            (
                ["--oidc-issuer-url=http://i"],
                ["--oidc-issuer-url: `http://i` is not https; write an https:// URL instead"]
            ),
            (["--oidc-client-id="], ["--oidc-client-id: is missing; write the audience that tokens hold"]),
            (["--oidc-required-claim=a"], ["--oidc-required-claim: `a` is no pair; write NAME=VALUE instead"]),
            (
                ["--oidc-signing-algs=RS256,HS256"],
                [
                    "--oidc-signing-algs: `HS256` is not accepted;"
                        + " write one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512"
                ]
            ),
            (
                ["--secure-port=0"],
                ["--secure-port: `0` is no port to serve HTTPS on; write a number from 1 to 65535"]
            ),
            (
                ["--bind-address=localhost"],
                ["--bind-address: `localhost` is no IP address; write one such as 0.0.0.0 or ::"]
            ),
            (
                ["--tls-min-version=VersionTLS11"],
                ["--tls-min-version: is `VersionTLS11`; write VersionTLS12 or VersionTLS13 instead"]
            ),
            (
                ["--tls-cert-file=none.crt"],
                ["--tls-cert-file: no such file: FOLDER/none.crt; write the path of an existing file instead"]
            ),
            (
                ["--kubeconfig=token"],
                [
                    "--server: contradicts --kubeconfig, which says it already; leave one of the two out",
                    "FOLDER/token:1:1: is a string; write a mapping instead",
                ]
            ),
            (["--context=c"], ["--context: has no meaning without --kubeconfig; write --kubeconfig too"]),
        ] as [([String], [String])])
    func isReported(flags: [String], problems: [String]) throws {
        let found = try ConfigurationFolder().problems(flags: Self.minimum + flags)
        #expect(found == problems)
    }

    @Test func everyPathHasItsFlag() {
        for (path, flag) in GatewayFlags.names {
            #expect(ConfigurationSchema.keys.contains { $0.path == path.replacing("[0]", with: "[]") }, "\(flag)")
        }
    }

    @Test(arguments: [
        (["serve", "--token=s3cr3t"], true), (["check", "--insecure-skip-tls-verify"], true),
        (["serve", "--token-file=t"], false), (["serve", "--", "--token"], false), (["status", "--token"], false),
        (["serve", "--disable-impersonation=true"], true), ([], false),
    ])
    func refusedFlags(arguments: [String], isRefused: Bool) {
        let refusal = RefusedFlags.refusal(of: arguments)
        #expect((refusal != nil) == isRefused)
        #expect(refusal?.contains("s3cr3t") != true)
    }
}
