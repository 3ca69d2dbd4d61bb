// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Shared
import Testing

@testable import Supervisor

/// One issuer as kube-apiserver's flags have it, or Kubernetes' file, and never both.
@Suite struct AuthenticationSourceTests {
    private static let document = """
        apiVersion: apiserver.config.k8s.io/v1
        kind: AuthenticationConfiguration
        jwt: []
        """

    @Test func bothAreRefused() throws {
        let folder = try ConfigurationFolder([
            "authentication.yaml": Self.document,
            "lychgate.yaml": MinimalConfiguration.adding("  configurationFile: authentication.yaml"),
        ])
        #expect(
            try folder.problems() == [
                "lychgate.yaml:13:22: authentication.configurationFile: excludes `oidc`; write the issuer into the"
                    + " file, or leave the file out"
            ])
        for flag in ["--oidc-issuer-url=https://i", "--oidc-client-id=x", "--oidc-groups-claim=groups"] {
            #expect(throws: (any Error).self) { try Lychgate.parseAsRoot(["serve", "--config", "f", flag]) }
        }
    }

    @Test func oneOfThemWillDo() throws {
        let folder = try ConfigurationFolder([
            "authentication.yaml": Self.document,
            "lychgate.yaml": MinimalConfiguration.replacing([
                10: "  configurationFile: authentication.yaml", 11: "", 12: "",
            ]),
        ])
        #expect(try folder.load().configuration.authentication.oidc == nil)
        #expect(try folder.load().configuration.authentication.file != nil)
    }
}
