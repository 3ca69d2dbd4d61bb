// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// `lychgate kubeconfig`, used by the kubectl that it is for.
    @Suite(.timeLimit(.minutes(2)))
    struct KubeconfigTests {
        private static func kubeconfig(
            _ cluster: KubectlTests.Cluster, _ arguments: [String]
        ) throws -> [String: String] {
            let certificates = try Certificates.shared.get()
            let made = try ChildProcess.run(
                "lychgate",
                [
                    "kubeconfig", "--config", cluster.gateway.configurationFile, "--server",
                    "https://\(cluster.gateway.endpoint)", "--certificate-authority", certificates.authority,
                ] + arguments)
            #expect(made.succeeded, "\(made.errors)")
            let file = try cluster.folder.write("made.yaml", made.output)
            return ["KUBECONFIG": file, "HOME": cluster.folder.path]
        }

        @Test("With a token's file: kubectl reaches the API through the gateway, as the token's user")
        func tokenFile() throws {
            let cluster = try KubectlTests.Cluster()
            defer { cluster.standIn.stop() }
            let token = try cluster.folder.write(
                "token", cluster.standIn.token(for: "bob", groups: ["developers"]))
            let environment = try Self.kubeconfig(cluster, ["--token-file", token, "--name", "a gate"])
            let kubectl = { (arguments: [String]) in
                try ChildProcess.run("kubectl", arguments, environment: environment)
            }
            #expect(try kubectl(["config", "current-context"]).output == "a gate\n")
            let pods = try kubectl(["get", "pods", "--all-namespaces", "-o", "name"])
            #expect(pods.succeeded && pods.output.contains("pod/"), "\(pods.errors)")
            let who = try kubectl(["get", "--raw", "/whoami"])
            #expect(who.output.contains(#""user":"bob""#), "\(who.output) \(who.errors)")
            // A new token in the same file is the next command's.
            try cluster.folder.write("token", cluster.standIn.token(for: "eve", groups: ["developers"]))
            let next = try kubectl(["get", "--raw", "/whoami"])
            #expect(next.output.contains(#""user":"eve""#), "\(next.output) \(next.errors)")
            cluster.gateway.stop()
        }

        /// kubelogin itself wants a browser; what is shown is that kubectl takes the section, and how it calls the plugin.
        @Test("With the plugin: kubectl calls it with the gateway's issuer and client, and uses its token")
        func plugin() throws {
            let cluster = try KubectlTests.Cluster()
            defer { cluster.standIn.stop() }
            let token = try cluster.standIn.token(for: "carol", groups: ["developers"])
            let plugin = try cluster.folder.write(
                "kubectl-oidc_login",
                """
                #!/bin/sh
                echo "$@" >"\(cluster.folder.path)/arguments"
                cat <<END
                {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "\(token)"}}
                END

                """)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: plugin)
            var environment = try Self.kubeconfig(cluster, ["--extra-scope", "groups"])
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            environment["PATH"] = "\(cluster.folder.path):\(path)"
            let who = try ChildProcess.run("kubectl", ["get", "--raw", "/whoami"], environment: environment)
            #expect(who.output.contains(#""user":"carol""#), "\(who.output) \(who.errors)")
            let arguments = cluster.folder.read("arguments")
            let issuer = cluster.standIn.options.issuerURL
            for part in ["get-token", "--oidc-issuer-url=\(issuer)", "--oidc-client-id=", "--oidc-extra-scope=groups"] {
                #expect(arguments.contains(part), "\(arguments)")
            }
            cluster.gateway.stop()
        }
    }
}
