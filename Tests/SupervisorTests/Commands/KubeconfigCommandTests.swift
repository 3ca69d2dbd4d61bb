// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import Supervisor

@Suite struct KubeconfigCommandTests {
    private func document(_ arguments: String...) throws -> String {
        try KubeconfigCommand.parse(["--server", "https://gate.example"] + arguments).document()
    }

    @Test func aTokenFile() throws {
        let text = try document("--token-file", "/run/token", "--name", "a \"b\"")
        #expect(text.contains("      server: \"https://gate.example\"\n"))
        #expect(text.hasSuffix("      tokenFile: \"/run/token\"\n"))
        #expect(text.contains("current-context: \"a \\\"b\\\"\"\n"))
        #expect(!text.contains("exec:"))
    }

    @Test func thePlugin() throws {
        let text = try document("--issuer", "https://i", "--client-id", "c", "--extra-scope", "groups")
        for argument in [
            "oidc-login", "get-token", "--oidc-issuer-url=https://i", "--oidc-client-id=c", "--oidc-extra-scope=groups",
        ] {
            #expect(text.contains("          - \"\(argument)\"\n"))
        }
    }

    @Test(arguments: ["http://127.0.0.1", "gate", "https://u@h"])
    func addressesThatAreNone(_ server: String) {
        #expect(throws: (any Error).self) { try KubeconfigCommand.parse(["--server", server]) }
    }
}
