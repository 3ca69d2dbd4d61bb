// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `lychgate kill`: has workers end requests in flight.
struct KillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Cancel requests in flight.",
        discussion: "What a request has started ends with it; its client is answered 503, or sees its response cut.")

    @Argument(help: ArgumentHelp("Requests as `lychgate ps` names them.", valueName: "id"))
    var identifiers: [String]
    @OptionGroup var control: ControlOptions

    func validate() throws {
        for identifier in self.identifiers where RequestID(identifier) == nil {
            throw ValidationError(
                "\(identifier) is no request; write one as `lychgate ps` does: SLOT.GENERATION/NUMBER")
        }
    }

    func run() throws {
        for identifier in self.identifiers {
            let answer = try self.control.ask(
                ControlRequest(command: "kill", id: identifier), as: CancelledRequest.self)
            print("\(answer.cancelled) cancelled")
        }
    }
}
