// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import Shared

/// Starts the admin role: what can fail at the start fails here, with a reason and an exit code.
enum AdminRole {
    static func run() -> Int32 {
        let journal = ChildEnvironment.logsToJournal
        do {
            let environment = try ChildEnvironment()
            ChildBounds.set(environment, memory: RecyclingConfiguration.companionDataLimit)
            let configuration = environment.configuration
            let logger = Logger.standardError("admin", level: configuration.logging.level, journal: journal)
            guard let admin = configuration.admin else { throw StartFailure.configuration("there is no admin section") }
            let reactor = Reactor(kernel: try LinuxKernel())
            // When to stop is the supervisor's business, not the terminal's.
            signal(SIGINT, SIG_IGN)
            let panel = try PanelWriter(environment.scoreboard, rows: configuration.workers.maxInFlight)
            panel.start(pid: getpid())
            let service = try AdminService(
                configuration: admin, listeners: configuration.listeners, reactor: reactor, panel: panel, logger: logger
            )
            return service.run(channel: environment.takeChannel())
        } catch {
            Logger.standardError("admin", level: .info, journal: journal).error(
                "cannot start", metadata: ["error": "\(error)"])
            return (error as? StartFailure)?.exitCode ?? ExitCode.failure
        }
    }
}
