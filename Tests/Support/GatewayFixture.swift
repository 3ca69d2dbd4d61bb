// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A running `lychgate serve` with a configuration of its own on a loopback address, seen from outside: by its control
/// socket and by what the kernel says of its processes.
package final class GatewayFixture: Sendable {
    package let endpoint: Endpoint
    package let supervisor: ChildProcess
    package let control: ControlSocket
    package let certificates: Certificates
    package let configurationFile: String
    private let folder: TemporaryFolder

    /// Starts it and waits until every worker is ready.
    package init(
        _ options: GatewayOptions, on address: String = "127.0.0.1", certificates: Certificates
    ) throws {
        folder = try TemporaryFolder()
        endpoint = try Endpoint.free(on: address)
        control = ControlSocket(path: folder.file("control.sock"))
        self.certificates = certificates
        configurationFile = try folder.write(
            "lychgate.yaml",
            options.document(listener: endpoint, certificates: certificates, controlSocket: control.path))
        supervisor = try ChildProcess(
            options.program ?? Harness.executable("lychgate"), ["serve", "--config", configurationFile],
            environment: options.environment, folder: folder)
        try waitUntilReady(workers: options.workers)
    }

    /// Waits until so many workers are ready.
    package func waitUntilReady(workers: Int, within limit: Duration = .seconds(30)) throws {
        let ready = eventually(within: limit, every: .milliseconds(20)) {
            guard ProcessFigures.isAlive(supervisor.identifier) else { return true }
            return (try? control.status())?.readyWorkers.count ?? 0 >= workers
        }
        guard ready, ProcessFigures.isAlive(supervisor.identifier) else {
            throw HarnessError.unexpected("the gateway is not ready; its log:\n\(log)")
        }
    }

    package var log: String { supervisor.errors + supervisor.output }

    /// Whether a line of the log has all of this, or will soon: a worker's lines go out at the end of its turn, when its
    /// client may have been served already.
    package func logs(_ parts: String...) -> Bool {
        eventually(within: .seconds(5)) {
            log.split(separator: "\n").contains { line in parts.allSatisfy { line.contains($0) } }
        }
    }

    package func status() throws -> GatewayStatus {
        try control.status()
    }

    /// Waits until nothing is held for anyone, then for the descriptors to be what they were.
    package func waitUntilIdle(within limit: Duration) -> Bool {
        eventually(within: limit, every: .milliseconds(2)) { (try? status())?.isIdle ?? false }
    }

    /// The supervisor, then its children, in the order of their numbers.
    package func processes() -> [ProcessFigures] {
        let children = ProcessFigures.children(of: supervisor.identifier).sorted()
        return ([supervisor.identifier] + children).compactMap(ProcessFigures.init(of:))
    }

    package func workers() -> [ProcessFigures] {
        processes().filter { $0.command.contains("gateway") }
    }

    /// Descriptors of each process, by its number.
    package func descriptors() -> [Int32: Int] {
        Dictionary(uniqueKeysWithValues: processes().map { ($0.identifier, $0.descriptors) })
    }

    /// A client with TLS.
    package func connect(_ version: TLSContext.Version? = nil, receiveBuffer: Int32? = nil) throws -> RawClient {
        try RawClient.connect(to: endpoint, tls: certificates.client(version), receiveBuffer: receiveBuffer)
    }

    /// What a stop by SIGTERM came to.
    package struct Stopped: Sendable {
        package let exit: ChildProcess.Exit?
        package let took: Duration
        /// Children that outlived the supervisor.
        package let survivors: [Int32]
        package let log: String
    }

    /// Sends the signal and waits for the end of the supervisor and of all its children.
    @discardableResult
    package func stop(_ number: Int32 = 15, within limit: Duration = .seconds(20)) -> Stopped {
        let children = ProcessFigures.children(of: supervisor.identifier)
        let start = ContinuousClock.now
        supervisor.signal(number)
        let exit = supervisor.waitForExit(within: limit)
        let took = ContinuousClock.now - start
        if exit == nil { supervisor.signal(SIGKILL) }
        _ = eventually(within: .seconds(1)) { !children.contains(where: ProcessFigures.isAlive) }
        let survivors = children.filter(ProcessFigures.isAlive)
        return Stopped(exit: exit, took: took, survivors: survivors, log: log)
    }
}
