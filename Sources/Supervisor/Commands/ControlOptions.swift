// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Shared

/// Which running gateway a command means: that with this control socket.
struct ControlOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The control socket (default: /run/lychgate/control.sock).", valueName: "path"))
    var socket: String?
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Take the socket's path from this configuration.", valueName: "file"))
    var config: String?

    /// Far above what 1,024 workers need.
    private static let answerLimit = 4 * 1_048_576

    func validate() throws {
        if self.socket != nil, self.config != nil {
            throw ValidationError("--socket and --config exclude each other")
        }
    }

    func path() throws -> String {
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

    /// Connects, asks and gives the answer's line, all within `patience`.
    func ask(_ command: String, patience: Duration) throws -> [UInt8] {
        let path = try self.path()
        do {
            let connection = try UnixConnection(path: path, deadline: Instant.now + patience)
            try connection.send(Array("{\"command\":\"\(command)\"}\n".utf8))
            return try connection.readLine(limit: Self.answerLimit)
        } catch {
            throw CommandFailure("no answer from the gateway at \(path): \(error); is it running?")
        }
    }
}
