// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// `lychgate-demo stand-in`: an issuer and enough of a Kubernetes API for kubectl, with certificates of its own.
package final class StandIn: Sendable {
    /// The line that it prints when it is ready.
    private struct Ready: Decodable {
        let apiPort: UInt16
        let issuer: String
        let clientID: String
        let ca: String
        let clientCertificate: String
        let clientKey: String
    }

    private let process: ChildProcess
    private let folder: TemporaryFolder
    private let ready: Ready

    package init() throws {
        let folder = try TemporaryFolder()
        let process = try ChildProcess(
            Harness.executable("lychgate-demo"), ["stand-in", "--directory", folder.file("stand-in")], folder: folder)
        var ready: Ready?
        _ = eventually(within: .seconds(20), every: .milliseconds(20)) {
            ready = process.output.split(separator: "\n").first
                .flatMap { try? JSONDecoder().decode(Ready.self, from: Data($0.utf8)) }
            return ready != nil
        }
        guard let ready else { throw HarnessError.unexpected("the stand-in did not start: \(process.errors)") }
        self.folder = folder
        self.process = process
        self.ready = ready
    }

    /// For a gateway in front of it.
    package var options: GatewayOptions {
        var options = GatewayOptions(issuer: ready.issuer, upstream: Endpoint("127.0.0.1", ready.apiPort))
        options.clientID = ready.clientID
        options.issuerAuthority = ready.ca
        options.upstreamAuthority = ready.ca
        options.upstreamClient = (ready.clientCertificate, ready.clientKey)
        return options
    }

    package func token(for user: String, groups: [String]) throws -> String {
        let finished = try ChildProcess.run(
            "lychgate-demo",
            [
                "token", "--directory", folder.file("stand-in"), "--subject", user, "--groups",
                groups.joined(separator: ","),
            ])
        guard finished.succeeded else { throw HarnessError.unexpected("no token: \(finished.errors)") }
        return finished.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Whether it never answers TokenReviews and SubjectAccessReviews from now on.
    package func hangReviews(_ hang: Bool) throws {
        _ = try ask("/stand-in/reviews/\(hang ? "hang" : "answer")", ["--request", "POST"])
    }

    /// How many reviews wait for their answer there.
    package func hangingReviews() throws -> Int {
        struct Answer: Decodable { let hanging: Int }
        return try JSONDecoder().decode(Answer.self, from: Data(ask("/stand-in/reviews").utf8)).hanging
    }

    private func ask(_ path: String, _ arguments: [String] = []) throws -> String {
        let finished = try ChildProcess.run(
            "curl",
            [
                "--silent", "--show-error", "--fail", "--max-time", "10", "--cacert", ready.ca, "--cert",
                ready.clientCertificate, "--key", ready.clientKey,
            ] + arguments + ["https://127.0.0.1:\(ready.apiPort)\(path)"])
        guard finished.succeeded else { throw HarnessError.unexpected("stand-in: \(finished.errors)") }
        return finished.output
    }

    package func stop() {
        process.signal(SIGTERM)
        _ = process.waitForExit(within: .seconds(5))
    }
}
