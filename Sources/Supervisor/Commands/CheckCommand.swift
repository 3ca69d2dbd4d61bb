// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `lychgate check`: everything that `serve` checks before it starts, without starting.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the configuration without starting.",
        discussion: "Prints each problem as FILE:LINE:COLUMN: KEY: message, and exits with 78 if there are any.")

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        try WorkerCheck().check(try self.options.load())
        print("\(self.options.sourceName): configuration ok")
    }
}
