// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Shared

/// `lychgate top`: `status` and `ps` again and again, with rates.
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Watch the running gateway: workers, rates and the oldest requests.",
        discussion: """
            On a terminal until it is interrupted, in place; elsewhere once, or as often as --count says, as plain text.
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("Time between two looks.", valueName: "duration"))
    var interval = "2s"
    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("How often to look.", valueName: "number"))
    var count: Int?
    @Option(
        help: ArgumentHelp(
            "Requests listed at most (default: what the terminal has room for, or 20).", valueName: "number"))
    var requests: Int?
    @OptionGroup var control: ControlOptions

    /// From 100 ms on: an answer takes the supervisor's time.
    private static let intervals = 0.1...3_600

    func validate() throws {
        guard let interval = DurationText.parse(self.interval),
            Self.intervals.contains(interval.milliseconds / 1_000)
        else {
            throw ValidationError("--interval \(self.interval) is no duration from 100ms to 1h")
        }
        if let count = self.count, count < 1 {
            throw ValidationError("--count \(count): write a number above 0")
        }
        if let requests = self.requests, requests < 0 {
            throw ValidationError("--requests \(requests): write a number, or 0 for none")
        }
    }

    func run() throws {
        var view = TopView()
        var left = self.count ?? (Terminal.output() == nil ? 1 : .max)
        var lines = try self.look(&view)
        try self.show(lines, isFirst: true)
        left -= 1
        while left > 0 {
            Polling.pause(DurationText.parse(self.interval) ?? .seconds(2))
            do {
                lines = try self.look(&view)
            } catch let failure as CommandFailure where Terminal.output() != nil {
                // It may come back: a restart takes a moment.
                lines = ["\(failure)"]
            }
            try self.show(lines, isFirst: false)
            left -= 1
        }
    }

    private func look(_ view: inout TopView) throws -> [String] {
        let sample = TopView.Sample(
            status: try self.control.ask(ControlRequest(command: "status"), as: SupervisorStatus.self),
            requests: try self.control.ask(ControlRequest(command: "ps"), as: RequestList.self))
        return view.lines(sample, requests: self.requests ?? Terminal.output()?.rows ?? 20)
    }

    private func show(_ lines: [String], isFirst: Bool) throws {
        var text: String
        if let terminal = Terminal.output() {
            text = TopView.frame(lines, rows: terminal.rows, columns: terminal.columns)
            // What was there before is pushed away, not overwritten.
            if isFirst { text = "\u{1b}[2J" + text }
        } else {
            text = (isFirst ? "" : "\n") + lines.joined(separator: "\n") + "\n"
        }
        try StandardStream.writeOutput(Array(text.utf8))
    }
}
