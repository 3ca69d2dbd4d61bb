// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Canaille, a real OpenID provider from PyPI, run by Tests/OpenIDProvider/provider.py.
package final class OpenIDProvider: Sendable {
    package let url: String
    package let user = "alice"
    package let group = "developers"
    package let clientID = "kubernetes"
    private let process: ChildProcess
    private let certificates: Certificates
    private let secrets: [String: String]
    private static let scripts = Harness.root + "/Tests/OpenIDProvider/"

    /// `place`: where it listens; nil: anywhere.
    package init(_ certificates: Certificates, on place: Endpoint? = nil) throws {
        self.certificates = certificates
        let endpoint = try place ?? Endpoint.free()
        url = "https://\(endpoint)"
        secrets = [
            "PROVIDER_USER_PASSWORD": UUID().uuidString, "PROVIDER_CLIENT_SECRET": UUID().uuidString,
            "PYTHONDONTWRITEBYTECODE": "1",
        ]
        process = try ChildProcess(
            Harness.python,
            [
                Self.scripts + "provider.py", "--address", "\(endpoint)", "--certificate", certificates.certificate,
                "--key", certificates.key, "--user", user, "--group", group, "--client", clientID,
            ],
            environment: secrets, folder: TemporaryFolder())
        guard eventually(within: .seconds(30), every: .milliseconds(50), { process.output.contains("ready") }) else {
            throw HarnessError.unexpected("the provider did not start:\n\(process.errors)")
        }
    }

    /// A real ID token, by the authorization code grant through the provider's own pages.
    package func idToken() throws -> String { try token("id_token") }

    /// The access token of such a grant.
    package func accessToken() throws -> String { try token("access_token") }

    /// Where access tokens are introspected, and a file with the client's secret for it.
    package var introspectionURL: String { url + "/oauth/introspect" }

    package func writeSecret(to folder: TemporaryFolder) throws -> String {
        try folder.write("introspection-secret", (secrets["PROVIDER_CLIENT_SECRET"] ?? "") + "\n")
    }

    private func token(_ kind: String) throws -> String {
        let finished = try ChildProcess.run(
            Harness.python,
            [
                Self.scripts + "authorization_code.py", "--issuer", url, "--ca", certificates.authority,
                "--client", clientID, "--user", user, "--token", kind,
            ],
            environment: secrets)
        guard finished.succeeded else { throw HarnessError.unexpected("no token: \(finished.errors)") }
        return finished.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A new key signs from now on.
    package func rotate() throws {
        let before = process.output.split(separator: "\n").count { $0 == "rotated" }
        process.signal(SIGUSR1)
        let done = eventually(within: .seconds(10), every: .milliseconds(20)) {
            process.output.split(separator: "\n").count { $0 == "rotated" } > before
        }
        guard done else { throw HarnessError.unexpected("the provider did not rotate its keys: \(process.errors)") }
    }

    package func stop() {
        process.signal(SIGTERM)
        _ = process.waitForExit(within: .seconds(10))
    }
}
