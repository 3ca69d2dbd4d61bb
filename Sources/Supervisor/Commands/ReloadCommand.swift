// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `lychgate reload`: the running gateway takes its changed configuration into force.
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Take a changed configuration into force, without a failed request.",
        discussion: """
            Waits for the end. If the configuration has mistakes, or the first worker with it does not become ready, the \
            old one stays in force, and the exit code is 1.
            """)

    @OptionGroup var control: ControlOptions
    @OptionGroup var waiting: WaitOptions

    func run() throws { try self.waiting.ask("reload", self.control) }
}

/// `lychgate restart`: every worker of the running gateway is replaced.
struct RestartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Replace every worker, one after the other, without a failed request.",
        discussion: "Also takes a changed configuration into force; see reload.")

    @OptionGroup var control: ControlOptions
    @OptionGroup var waiting: WaitOptions

    func run() throws { try self.waiting.ask("restart", self.control) }
}

/// `lychgate upgrade`: the running gateway becomes the version that is installed now.
struct UpgradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade", abstract: "Go over to the installed version, without a failed request.",
        discussion: """
            Waits for the end. The new program is tried first; if it cannot take over, the old one goes on, and the exit \
            code is 1. It also takes a changed configuration into force; see reload.
            """)

    @OptionGroup var control: ControlOptions
    @OptionGroup var waiting: WaitOptions

    func run() throws { try self.waiting.ask("upgrade", self.control) }
}

/// How long to wait for something that has an end.
struct WaitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How long to wait for the end, such as 90s or 10m.", valueName: "duration"))
    var timeout = "10m"

    private struct Answer: Decodable {
        var message: String?
        var error: String?
    }

    func validate() throws {
        guard DurationText.parse(self.timeout) != nil else {
            throw ValidationError("--timeout \(self.timeout) is no duration; write one such as 90s or 10m")
        }
    }

    /// Asks, waits, and prints what was done; what was not is the command's failure.
    func ask(_ command: String, _ control: ControlOptions) throws {
        let line = try control.exchange(
            ControlRequest(command: command), patience: DurationText.parse(self.timeout) ?? .zero,
            late:
                "the \(command) has not ended within \(self.timeout), and goes on: `lychgate status` shows how far it is"
        )
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(line)) else {
            throw CommandFailure("the gateway closed the connection before the \(command) had ended; see its log")
        }
        if let error = answer.error {
            throw CommandFailure("\(command) failed: \(error)")
        }
        print(answer.message ?? "done")
    }
}
