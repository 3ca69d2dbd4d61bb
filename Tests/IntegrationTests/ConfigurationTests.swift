// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Integration {
    /// A configuration that cannot be meant stops the start, and says where and what.
    @Suite(.timeLimit(.minutes(1)))
    struct ConfigurationTests {
        /// A change of the good document, and what the complaint must name.
        struct Mistake: Sendable, CustomTestStringConvertible {
            let find: String
            let replace: String
            let key: String

            var testDescription: String { key }
        }

        static let mistakes = [
            Mistake(find: "workers: {", replace: "wrokers: {", key: "wrokers"),
            Mistake(find: "workers: {count: 2", replace: "workers: {count: many", key: "count"),
            Mistake(find: "workers: {count: 2", replace: "workers: {count: 0", key: "count"),
            Mistake(find: "minimumVersion: \"1.2\"", replace: "minimumVersion: \"1.1\"", key: "minimumVersion"),
            Mistake(find: "server.crt", replace: "absent.crt", key: "certificateFile"),
            Mistake(find: "server: https://", replace: "server: ftp://", key: "server"),
            Mistake(find: "issuerURL: \"https://", replace: "issuerURL: \"http://", key: "issuerURL"),
            Mistake(find: "deadlines: {}", replace: "deadlines: {drain: 50s, hardStop: 40s}", key: "drain"),
            Mistake(find: "deadlines: {}", replace: "deadlines: {requestHead: soon}", key: "requestHead"),
            Mistake(find: "apiVersion: lychgate/v1", replace: "apiVersion: lychgate/v9", key: "apiVersion"),
            Mistake(find: "kind: GatewayConfiguration", replace: "kind: Pod", key: "kind"),
            Mistake(find: "clientID: demo", replace: "clientID: demo\n    clientID: other", key: "clientID"),
        ]

        private static func document(in folder: TemporaryFolder) throws -> String {
            let options = GatewayOptions(issuer: "https://127.0.0.1:9", upstream: Endpoint("127.0.0.1", 9))
            return try options.document(
                listener: Endpoint("127.0.0.1", 1), certificates: Certificates.shared.get(),
                controlSocket: folder.file("control.sock"))
        }

        @Test("A mistake is named with its file, line and key; exit 78", arguments: mistakes, ["serve", "check"])
        func mistake(_ mistake: Mistake, command: String) throws {
            let folder = try TemporaryFolder()
            let good = try Self.document(in: folder)
            let bad = good.replacing(mistake.find, with: mistake.replace)
            try #require(bad != good)
            let file = try folder.write("lychgate.yaml", bad)
            let finished = try ChildProcess.run("lychgate", [command, "--config", file], within: .seconds(10))
            #expect(finished.exit == .code(78), "\(finished.errors)")
            // The line that differs, or in a mistake of two lines one of them.
            let lines = zip(bad.split(separator: "\n"), good.split(separator: "\n")).enumerated()
            let first = (lines.first { $1.0 != $1.1 }?.offset ?? 0) + 1
            let named = (first...first + 1).contains { finished.errors.contains("\(file):\($0)") }
            #expect(named && finished.errors.contains(mistake.key), "\(finished.errors)")
        }

        @Test("A good configuration passes the check; a missing file and an unknown command do not")
        func others() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write("lychgate.yaml", Self.document(in: folder))
            let good = try ChildProcess.run("lychgate", ["check", "--config", file], within: .seconds(10))
            #expect(good.succeeded, "\(good.errors)")
            let absent = try ChildProcess.run("lychgate", ["serve", "--config", folder.file("absent")])
            #expect(absent.exit == .code(78) && absent.errors.contains("absent"), "\(absent.errors)")
            let unknown = try ChildProcess.run("lychgate", ["sevre"])
            #expect(unknown.exit == .code(2) || unknown.exit == .code(64), "\(unknown.exit)")
        }
    }
}
