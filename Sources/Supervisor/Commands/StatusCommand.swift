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
    @OptionGroup var control: ControlOptions

    /// How long connecting, asking and answering may take together.
    private static let patience = Duration.seconds(5)

    func run() throws {
        let line = try self.control.ask("status", patience: Self.patience)
        switch self.output {
        case .json:
            print(String(decoding: line, as: UTF8.self))
        case .table:
            guard let answer = try? JSONDecoder().decode(StatusAnswer.self, from: Data(line)) else {
                throw CommandFailure("the answer is not a status that this version reads; try -o json")
            }
            print(StatusTable.text(answer))
        }
    }
}
