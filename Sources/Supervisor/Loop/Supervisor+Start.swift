// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// What a supervisor that begins by itself, not as the next program of another, makes for itself.
extension Supervisor {
    static func launcher(
        _ loaded: LoadedConfiguration, journal: Bool, groups: WorkerGroups?
    ) throws(StartFailure) -> WorkerLauncher {
        let configuration = loaded.configuration
        let executable = try workerExecutable(configuration.workers.executable)
        do throws(Errno) {
            return try WorkerLauncher(
                program: try ProgramFile(executable), panelRows: configuration.workers.maxInFlight, json: loaded.json,
                journal: journal, groups: groups, groupLimit: configuration.recycling.groupLimit)
        } catch {
            throw .system("cannot prepare workers", error)
        }
    }

    static func listen(
        _ listeners: [ListenerConfiguration], log: Logger
    ) throws(StartFailure) -> ListenerSockets {
        let activation: SocketActivation
        do throws(Errno) {
            activation = try SocketActivation()
        } catch {
            throw .system("cannot take systemd's sockets", error)
        }
        return try ListenerSockets(listeners, activation: activation, log: log)
    }

    static func workerExecutable(_ configured: String?) throws(StartFailure) -> String {
        guard let path = Companion.path(of: "lychgate-worker", configured: configured), FileSystem.isExecutable(path)
        else { throw .noWorkerExecutable(configured: configured) }
        return path
    }
}
