// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import Shared

/// Starts the gateway role: what can fail at the start fails here, with a reason and an exit code.
enum GatewayRole {
    static func run() -> Int32 {
        let journal = ChildEnvironment.logsToJournal
        RecordBuffers.keepSome()
        do {
            let environment = try ChildEnvironment()
            let level = environment.configuration.logging.level
            let logger = Logger.standardError("gateway", level: level, journal: journal)
            ChildBounds.set(environment, memory: environment.configuration.recycling.dataLimit)
            let reactor = Reactor(kernel: try LinuxKernel())
            // The terminal's ^C goes to the whole process group; when to stop is the supervisor's business.
            signal(SIGINT, SIG_IGN)
            let signals = try SignalDescriptor([SIGTERM])
            let service = try GatewayService(environment, reactor: reactor, logger: logger)
            let termination = try TerminationSignal(reactor: reactor, signals: signals) { service.drainBySelf() }
            defer { termination.stop() }
            #if DEBUG
                let faults = try FaultSignals(reactor: reactor, service: service)
                defer { faults.stop() }
            #endif
            return service.run(channel: environment.takeChannel())
        } catch let error as StartFailure {
            Logger.standardError("gateway", level: .info, journal: journal).error(
                "cannot start", metadata: ["error": "\(error)"])
            return error.exitCode
        } catch {
            Logger.standardError("gateway", level: .info, journal: journal).error(
                "cannot start", metadata: ["error": "\(error)"])
            return ExitCode.failure
        }
    }
}
