// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// Kubernetes' `AuthenticationConfiguration` for issuers of the tests: users are called by their issuer's place and their
/// subject, as in `i0:alice`.
struct AuthenticationDocument {
    let issuers: [String]
    /// Paths that are open to everybody; empty: anonymous access is off.
    var anonymousPaths: [String] = []
    /// The expression of the user's name; nil: prefix and `sub`.
    var username: String?

    /// The line on which the first issuer's users get their names.
    static let usernameLine = 5

    init(issuers: [String]) {
        self.issuers = issuers
    }

    @discardableResult
    func write(to folder: TemporaryFolder) throws -> String {
        let authority = try String(contentsOfFile: Certificates.shared.get().authority, encoding: .utf8)
        let pem = authority.split(separator: "\n").map { "      \($0)\n" }.joined()
        var text = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt:\n"
        for (index, issuer) in issuers.enumerated() {
            let name = username.map { "expression: \"\($0)\"" } ?? "claim: sub, prefix: \"i\(index):\""
            text += """
                - claimMappings:
                    username: {\(name)}
                    groups: {claim: groups, prefix: ""}
                  issuer:
                    url: \(issuer)
                    audiences: [demo]
                    certificateAuthority: |
                \(pem)
                """
        }
        if !anonymousPaths.isEmpty {
            let paths = anonymousPaths.map { "{path: \($0)}" }.joined(separator: ", ")
            text += "anonymous: {enabled: true, conditions: [\(paths)]}\n"
        }
        return try folder.write("authentication.yaml", text)
    }
}
