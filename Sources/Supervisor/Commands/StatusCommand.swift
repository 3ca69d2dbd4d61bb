// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `lychgate status`: asks a running supervisor over its control socket.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the state of the running gateway.")

    @Option(name: .shortAndLong, help: "How to print it.")
    var output: OutputFormat = .table
    @OptionGroup var control: ControlOptions

    func run() throws {
        let line = try self.control.ask(ControlRequest(command: "status"))
        switch self.output {
        case .json: print(String(decoding: line, as: UTF8.self))
        case .table: print(StatusTable.text(try self.control.read(line, as: SupervisorStatus.self)))
        }
    }
}
