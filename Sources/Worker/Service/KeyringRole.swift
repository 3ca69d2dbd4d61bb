// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import Shared

/// Starts the keyring role: what can fail at the start fails here, with a reason and an exit code.
enum KeyringRole {
    static func run() -> Int32 {
        let journal = ChildEnvironment.logsToJournal
        do {
            let environment = try ChildEnvironment()
            ChildBounds.set(environment, memory: RecyclingConfiguration.companionDataLimit)
            let configuration = environment.configuration
            let logger = Logger.standardError("keyring", level: configuration.logging.level, journal: journal)
            let reactor = Reactor(kernel: try LinuxKernel())
            // When to stop is the supervisor's business, not the terminal's.
            signal(SIGINT, SIG_IGN)
            let panel = try PanelWriter(environment.scoreboard, rows: configuration.workers.maxInFlight)
            panel.start(pid: getpid())
            let service = try KeyringService(
                configuration: configuration.authentication, deadlines: configuration.deadlines,
                channel: environment.takeChannel(), reactor: reactor, panel: panel, log: logger)
            return service.run()
        } catch {
            Logger.standardError("keyring", level: .info, journal: journal).error(
                "cannot start", metadata: ["error": "\(error)"])
            return ExitCode.failure
        }
    }
}
