// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `lychgate ps`: every request in flight, of all workers.
struct PsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "List the requests in flight, oldest first.",
        discussion: "Read from shared memory, so that it answers while workers hang.")

    @Option(name: .shortAndLong, help: "How to print them.")
    var output: OutputFormat = .table
    @OptionGroup var control: ControlOptions

    func run() throws {
        let line = try self.control.ask(ControlRequest(command: "ps"))
        switch self.output {
        case .json: print(String(decoding: line, as: UTF8.self))
        case .table:
            print(
                RequestTable.text(try RequestListReader.read(line) ?? self.control.read(line, as: RequestList.self)))
        }
    }
}
