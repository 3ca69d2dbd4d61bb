// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Shared

/// `lychgate status`: asks a running supervisor over its control socket.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the state of the running gateway.")

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table
        case json
    }

    @Option(name: .shortAndLong, help: "How to print it.")
    var output: Output = .table
    @Option(help: ArgumentHelp("The control socket (default: /run/lychgate/control.sock).", valueName: "path"))
    var socket: String?
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Take the socket's path from this configuration.", valueName: "file"))
    var config: String?

    /// How long connecting, asking and answering may take together.
    private static let patience = Duration.seconds(5)
    /// Far above what 1,024 workers need.
    private static let answerLimit = 4 * 1_048_576

    func validate() throws {
        if self.socket != nil, self.config != nil {
            throw ValidationError("--socket and --config exclude each other")
        }
    }

    func run() throws {
        let path = try self.path()
        let line: [UInt8]
        do {
            let connection = try UnixConnection(path: path, deadline: Instant.now + Self.patience)
            try connection.send(Array("{\"command\":\"status\"}\n".utf8))
            line = try connection.readLine(limit: Self.answerLimit)
        } catch {
            throw CommandFailure("no answer from the gateway at \(path): \(error); is it running?")
        }
        switch self.output {
        case .json:
            print(String(decoding: line, as: UTF8.self))
        case .table:
            guard let answer = try? JSONDecoder().decode(StatusAnswer.self, from: Data(line)) else {
                throw CommandFailure("the answer from \(path) is not a status that this version reads; try -o json")
            }
            print(StatusTable.text(answer))
        }
    }

    private func path() throws -> String {
        if let socket = self.socket {
            return socket
        }
        guard let config = self.config else {
            return ControlConfiguration().socket ?? ""
        }
        guard let path = try ConfigurationLoader().controlSocket(file: config) else {
            throw CommandFailure("\(config) says `control.socket: none`, so that there is nobody to ask")
        }
        return path
    }
}
