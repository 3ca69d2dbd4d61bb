// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Shared

/// How commands reach a running supervisor, and how they ask it.
struct ControlOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The control socket (default: /run/lychgate/control.sock).", valueName: "path"))
    var socket: String?
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Take the socket's path from this configuration.", valueName: "file"))
    var config: String?

    /// How long connecting, asking and answering may take together, unless something has to end first.
    static let patience = Duration.seconds(5)
    /// Far above what 1,024 workers, or 10,000 requests, need.
    private static let answerLimit = 8 * 1_048_576

    func validate() throws {
        if self.socket != nil, self.config != nil {
            throw ValidationError("--socket and --config exclude each other")
        }
    }

    /// Connects, asks and gives the answer's line, all within `patience`; an answer that is none is the command's failure.
    func ask(_ request: ControlRequest, patience: Duration = Self.patience) throws -> [UInt8] {
        try ControlReply.check(try self.exchange(request, patience: patience))
    }

    /// The same, whatever the answer is.
    ///
    /// - Parameter late: what to say when the gateway has taken the request on and `patience` is over.
    func exchange(_ request: ControlRequest, patience: Duration = Self.patience, late: String? = nil) throws -> [UInt8]
    {
        let path = try self.path()
        var isTakenOn = false
        do {
            let connection = try UnixConnection(path: path, deadline: Instant.now + patience)
            try connection.send(ControlAnswer.line(request))
            isTakenOn = true
            return try connection.readLine(limit: Self.answerLimit)
        } catch {
            if isTakenOn, error == .timedOut, let late { throw CommandFailure(late) }
            throw CommandFailure("no answer from the gateway at \(path): \(ControlReply.explain(error))")
        }
    }

    /// Asks, and reads the answer.
    func ask<Answer: Decodable>(_ request: ControlRequest, as type: Answer.Type) throws -> Answer {
        try self.read(try self.ask(request), as: type)
    }

    func read<Answer: Decodable>(_ line: [UInt8], as type: Answer.Type) throws -> Answer {
        if let answer = try? JSONDecoder().decode(type, from: Data(line)) { return answer }
        throw CommandFailure("the gateway's answer is not one that this version reads; try -o json")
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
