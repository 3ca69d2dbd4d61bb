// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// kube-apiserver's own cases, where they are.
private enum KubernetesCases {
    static let file: String? = {
        let folder = ProcessInfo.processInfo.environment["LYCHGATE_VECTORS"] ?? Harness.root + "/../shared/vectors"
        let path = folder + "/kubernetes-oidc.json"
        return FileManager.default.isReadableFile(atPath: path) ? path : nil
    }()
}

extension Integration {
    /// `lychgate explain`, as people run it.
    @Suite(.timeLimit(.minutes(3)))
    struct ExplainTests {
        struct Answer: Decodable {
            struct User: Decodable {
                let username: String
                let uid: String
                let groups: [String]
                let extra: [String: [String]]
            }
            struct Step: Decodable {
                let check: String
                let result: String
                let detail: String
            }
            let result: String
            let user: User?
            let reason: String
            let steps: [Step]
        }

        private static func explain(_ arguments: [String]) throws -> (
            code: ChildProcess.Exit?, answer: Answer, raw: String
        ) {
            let finished = try ChildProcess.run(
                Harness.executable("lychgate"), ["explain", "--output", "json"] + arguments)
            guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(finished.output.utf8)) else {
                throw HarnessError.unexpected("no JSON: \(finished.output) \(finished.errors)")
            }
            return (finished.exit, answer, finished.output)
        }

        @Test(
            "kube-apiserver's own cases, all through the command",
            .enabled(if: KubernetesCases.file != nil, "kubernetes-oidc.json is not there: skipped"))
        func kubernetesCases() throws {
            let data = try Data(contentsOf: URL(filePath: KubernetesCases.file ?? ""))
            let cases = try JSONSerialization.jsonObject(with: data) as? [[String: Any]] ?? []
            #expect(cases.count == 35)
            let folder = try TemporaryFolder()
            for vector in cases {
                let name = Comment(rawValue: vector["name"] as? String ?? "")
                let document: [String: Any] = [
                    "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration",
                    "jwt": [vector["jwt"] ?? [:]],
                ]
                let configuration = try folder.write("authentication.json", Self.json(document))
                let jwks = try folder.write("jwks.json", Self.json(vector["jwks"] ?? [:]))
                let token = try folder.write("token", (vector["token"] as? String ?? "") + "\n")
                let outcome = try Self.explain([
                    "--authentication-config", configuration, "--jwks", jwks, "--token-file", token, "--now",
                    vector["now"] as? String ?? "",
                ])
                let wanted: (result: String, code: Int32) =
                    if vector["wantSkip"] as? Bool == true {
                        ("not-ours", 4)
                    } else if vector["wantInitErr"] as? String
                        != ""
                    {
                        ("invalid-configuration", 78)
                    } else if vector["wantErr"] as? String != "" { ("refused", 3) } else { ("accepted", 0) }
                #expect(outcome.answer.result == wanted.result, "\(name): \(outcome.answer.reason)")
                #expect(outcome.code == .code(wanted.code), name)
                #expect(!outcome.raw.contains(vector["token"] as? String ?? "-"), name)
                guard wanted.code == 0, let user = vector["user"] as? [String: Any] else {
                    #expect(outcome.answer.user == nil && !outcome.answer.reason.isEmpty, name)
                    continue
                }
                #expect(outcome.answer.user?.username == user["name"] as? String, name)
                #expect(outcome.answer.user?.uid == user["uid"] as? String, name)
                #expect(outcome.answer.user?.groups == user["groups"] as? [String] ?? [], name)
                #expect(outcome.answer.user?.extra == user["extra"] as? [String: [String]] ?? [:], name)
            }
        }

        private static func json(_ value: Any) throws -> String {
            String(decoding: try JSONSerialization.data(withJSONObject: value), as: UTF8.self)
        }

        @Test("The gateway's own configuration, keys fetched from the issuer, reserved names refused")
        func gateway() throws {
            try World.run { world in
                let folder = try TemporaryFolder()
                let good = try folder.write("good", world.token)
                let accepted = try Self.explain(["--config", world.gateway.configurationFile, "--token-file", good])
                #expect(accepted.answer.result == "accepted", "\(accepted.answer)")
                #expect(accepted.answer.user?.groups == ["developers"])
                #expect(accepted.answer.steps.allSatisfy { $0.result == "passed" })
                #expect(accepted.answer.steps.contains { $0.check == "signature" })
                // For people, and with the token on standard input.
                let text = try ChildProcess.run(
                    "sh",
                    [
                        "-c", #""$0" explain --config "$1" <"$2""#, Harness.executable("lychgate"),
                        world.gateway.configurationFile, good,
                    ])
                #expect(text.succeeded && text.output.contains("accepted"), "\(text.output) \(text.errors)")
                #expect(text.output.contains("alice") && !text.output.contains(world.token))
                let reserved = try folder.write("reserved", world.issuer.token(for: "system:admin"))
                let refused = try Self.explain(["--config", world.gateway.configurationFile, "--token-file", reserved])
                #expect(refused.code == .code(3) && refused.answer.reason.hasPrefix("system-name"))
            }
        }

        @Test("A broken file is told with its fields and places")
        func brokenFile() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(
                "authentication.yaml",
                """
                apiVersion: apiserver.config.k8s.io/v1
                kind: AuthenticationConfiguration
                jwt:
                - issuer: {url: "http://i", audiences: [a], extra: 1}
                  claimMappings: {username: {expression: "claims.sub +"}}
                  claimMappings: {}

                """)
            let outcome = try Self.explain(["--authentication-config", file, "--token-file", file])
            #expect(outcome.code == .code(78) && outcome.answer.result == "invalid-configuration")
            for part in [
                #"unknown field "jwt[0].issuer.extra""#, #"key "claimMappings" already set in map"#,
                "jwt[0].issuer.url: Invalid value", "claim or expression is required",
            ] {
                #expect(outcome.answer.reason.contains(part), "\(outcome.answer.reason)")
            }
        }
    }
}
