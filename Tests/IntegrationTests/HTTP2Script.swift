// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// The Python clients of Scripts/, each of which prints one JSON object.
enum HTTP2Script {
    private static let folder = Harness.root + "/Tests/IntegrationTests/Scripts/"

    static func environment(
        _ gateway: GatewayFixture, token: String, more: [String: String] = [:]
    ) -> [String: String] {
        let own = [
            "GATEWAY": "\(gateway.endpoint)", "AUTHORITY": gateway.certificates.authority, "TOKEN": token,
            "PYTHONDONTWRITEBYTECODE": "1",
        ]
        return own.merging(more) { $1 }
    }

    /// Where measurements run: the gateway's one worker has the first core (`workers.cpuAffinity`), all else the second.
    static let besideWorker = ["/usr/bin/taskset", "--cpu-list", "1"]

    /// Starts one that the test has to stop, or to wait for.
    ///
    /// - Parameter wrapper: a command that runs it.
    static func start(
        _ name: String, _ arguments: [String], in world: World, more: [String: String] = [:], wrapper: [String] = []
    ) throws -> ChildProcess {
        try start(
            name, arguments, environment: environment(world.gateway, token: world.token, more: more), wrapper: wrapper)
    }

    /// The same for one that is no client of the gateway.
    static func start(
        _ name: String, _ arguments: [String], environment: [String: String] = ["PYTHONDONTWRITEBYTECODE": "1"],
        wrapper: [String] = []
    ) throws -> ChildProcess {
        let command = wrapper + [Harness.python, folder + name + ".py"] + arguments
        return try ChildProcess(
            command[0], Array(command.dropFirst()), environment: environment, folder: TemporaryFolder())
    }

    static func run<Result: Decodable>(
        _ name: String, _ arguments: [String], in world: World, more: [String: String] = [:],
        within limit: Duration = .seconds(60), as type: Result.Type = Result.self
    ) throws -> Result {
        let finished = try ChildProcess.run(
            Harness.python, [folder + name + ".py"] + arguments,
            environment: environment(world.gateway, token: world.token, more: more), within: limit)
        guard finished.succeeded else {
            throw HarnessError.unexpected("\(name) \(arguments): \(finished.errors) \(finished.output)")
        }
        return try decode(finished.output)
    }

    /// The last line that was printed.
    static func decode<Result: Decodable>(_ output: String) throws -> Result {
        guard let line = output.split(separator: "\n").last else { throw HarnessError.unexpected("no output") }
        return try JSONDecoder().decode(Result.self, from: Data(line.utf8))
    }
}

extension World {
    /// curl over HTTP/2.
    func curl2(_ paths: String..., arguments: [String] = []) throws -> ChildProcess.Finished {
        try ChildProcess.run(
            "curl",
            [
                "--silent", "--show-error", "--max-time", "60", "--http2", "--cacert", certificates.authority,
                "--header", "Authorization: Bearer \(token)",
            ] + arguments + paths.map { "https://\(gateway.endpoint)\($0)" }, within: .seconds(70))
    }

    func http2Client(window: Int = 65_535, receiveBuffer: Int32? = nil) throws -> HTTP2Client {
        try HTTP2Client(
            to: gateway.endpoint, tls: certificates.http2Client(), window: window, receiveBuffer: receiveBuffer)
    }
}
