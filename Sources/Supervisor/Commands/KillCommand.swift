// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Shared

/// `lychgate kill`: has workers end requests in flight.
struct KillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Cancel requests in flight.",
        discussion: """
            What a request has started ends with it; its client is answered 503, or sees its response cut. Those that \
            have ended meanwhile are named, the others are cancelled all the same, and the exit code is 1.
            """)

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
        var isComplete = true
        for identifier in self.identifiers {
            // One may have ended by itself meanwhile; that is no reason to spare the others. But with nobody there to ask,
            // this ends at the first.
            let line = try self.control.exchange(ControlRequest(command: "kill", id: identifier))
            if let failure = ControlReply.failure(line) {
                StandardError.write("lychgate: \(failure)")
                isComplete = false
            } else {
                let answer = try self.control.read(ControlReply.check(line), as: CancelledRequest.self)
                print("\(answer.cancelled) cancelled")
            }
        }
        if !isComplete { throw ArgumentParser.ExitCode(Shared.ExitCode.failure) }
    }
}
