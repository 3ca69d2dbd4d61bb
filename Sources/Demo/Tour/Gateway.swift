// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The gateway that the demo runs: `lychgate serve` as a child, and what `lychgate status` says of it.
final class Gateway {
    static let workerCount = 2
    /// The deadlines in the demo's configuration.
    static let drain = Duration.seconds(2)
    static let hardStop = Duration.seconds(5)

    struct StartError: Error, CustomStringConvertible {
        let description: String
    }

    let port: Int
    let logFile: String
    private let executable: String
    private let folder: StandInFolder
    private let child: ChildProcess

    private var socket: String { folder.file("control.sock") }
    private var statusFile: String { folder.file("status.out") }

    /// Writes the configuration and starts the gateway; it is not ready yet.
    init(standIn: StandIn) throws {
        let folder = standIn.folder
        let executable = try Self.findExecutable()
        self.folder = folder
        self.executable = executable
        self.port = try FreePort.find()
        self.logFile = folder.file("gateway.log")
        let configuration = DemoConfiguration(standIn: standIn, gatewayPort: port)
        try folder.write(configuration.gateway, to: folder.file("lychgate.yaml"))
        try folder.write(configuration.kubeconfig, to: folder.file("kubeconfig"))
        self.child = try ChildProcess(
            executable, ["serve", "--config", folder.file("lychgate.yaml")], outputFile: logFile)
    }

    /// `lychgate` beside this executable, as the build leaves both, or where the package puts it.
    private static func findExecutable() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let beside = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("lychgate").path
        guard let found = [beside, "/usr/bin/lychgate"].first(where: FileManager.default.isExecutableFile(atPath:))
        else { throw StartError(description: "there is no lychgate beside \(own), nor in /usr/bin") }
        return found
    }

    /// Waits until all workers and the keyring are ready.
    func waitUntilReady(upTo limit: Duration) throws -> Duration {
        let took = try Wait.until(upTo: limit, every: .milliseconds(100)) {
            if let ending = child.poll() { throw StartError(description: "the gateway ended: \(ending)\n\(logTail)") }
            if StopSignal.hasCome { throw StartError(description: "stopped before the gateway was ready") }
            return isReady
        }
        guard let took else { throw StartError(description: "the gateway is not ready after \(limit)\n\(logTail)") }
        return took
    }

    /// Whether all workers and the keyring say that they are ready.
    var isReady: Bool {
        guard let status else { return false }
        return status.keyringIsReady && status.workers.count { $0.isReady } == Self.workerCount
    }

    /// What the gateway says of itself now; nil: no answer within two seconds.
    var status: GatewayStatus? {
        try? FileManager.default.removeItem(atPath: statusFile)
        guard
            let command = try? ChildProcess(
                executable, ["status", "-o", "json", "--socket", socket], outputFile: statusFile),
            command.wait(upTo: .seconds(2)) == .exited(0),
            let text = try? folder.read(statusFile),
            let json = try? JSON(parsing: text.utf8)
        else { return nil }
        return GatewayStatus(json: json)
    }

    var ending: ChildProcess.Ending? { child.poll() }

    /// SIGTERM, then what its hard deadline allows, then SIGKILL.
    @discardableResult
    func stop() -> ChildProcess.Ending? {
        child.send(SIGTERM)
        return child.wait(upTo: Self.hardStop + .seconds(2))
    }

    /// The last lines the gateway wrote.
    var logTail: String {
        let text = (try? folder.read(logFile)) ?? ""
        return text.split(separator: "\n").suffix(20).joined(separator: "\n")
    }
}
