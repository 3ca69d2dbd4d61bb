// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `lychgate serve`: runs the gateway in the foreground.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the gateway in the foreground.",
        discussion: """
            Stops on SIGTERM and SIGINT: requests in flight may end until the drain deadline; a second signal stops at \
            once. Exit codes: 0 stopped as told, 1 failed, 2 wrong usage, 78 wrong configuration.
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        let loaded = try self.options.load()
        try WorkerCheck().check(loaded)
        throw ExitCode(runSupervisor(configuration: loaded))
    }
}
