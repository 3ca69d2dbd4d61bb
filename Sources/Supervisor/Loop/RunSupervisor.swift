// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// `lychgate serve`: runs the supervisor until it is told to stop, and gives the exit code.
func runSupervisor(configuration: LoadedConfiguration) -> Int32 {
    let journal = ProcessEnvironment.logsToJournal
    let log = Logger.standardError("lychgate", level: configuration.configuration.logging.level, journal: journal)
    do throws(StartFailure) {
        return try Supervisor(configuration, log: log, journal: journal).run()
    } catch {
        log.critical("cannot start", metadata: ["error": "\(error)"])
        return error.exitCode
    }
}
