// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared
import Synchronization
import Testing

@testable import Supervisor

@Suite struct BlackBoxTests {
    /// A child that is not there.
    private final class Child: RunningChild {
        let pid: Int32 = 4_194_304
        let exit: FileDescriptor
        var memory: UInt64?
        var exitDescriptor: Int32 { exit.raw }

        init() throws {
            let ends = try SocketPair.make()
            exit = FileDescriptor(owning: ends.ours)
            _ = FileDescriptor(owning: ends.theirs)
        }

        func signal(_ signal: Int32) {}
        func reap() -> ChildProcess.Exit? { nil }
        func end(by deadline: Instant) {}
    }

    private final class Owner: WorkerProcessOwner {
        func received(_ reception: consuming Reception<ToSupervisor>, from process: WorkerProcess) {}
        func channelWritable(of process: WorkerProcess) {}
        func ended(_ process: WorkerProcess, _ exit: ChildProcess.Exit) {}
    }

    private struct Collector: LogHandler {
        final class Lines: Sendable {
            private let storage = Mutex<[(message: String, metadata: Logger.Metadata)]>([])
            var all: [(message: String, metadata: Logger.Metadata)] { storage.withLock { $0 } }
            func add(_ message: String, _ metadata: Logger.Metadata) {
                storage.withLock { $0.append((message, metadata)) }
            }
        }

        let lines: Lines
        var logLevel = Logger.Level.debug
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.add(event.message.description, event.metadata ?? [:]) }
    }

    private let owner = Owner()
    private let reactor: Reactor
    private let child: Child
    private let writer: PanelWriter
    private let process: WorkerProcess
    private let slot: WorkerSlot

    init() throws {
        reactor = Reactor(kernel: try LinuxKernel())
        child = try Child()
        let file = try PanelReader.makeFile(rows: 64)
        writer = try PanelWriter(file, rows: 64)
        let ends = try SocketPair.make()
        _ = FileDescriptor(owning: ends.theirs)
        process = try WorkerProcess(
            id: WorkerID(slot: 0, generation: 1), role: .gateway,
            launched: LaunchedChild(process: child, channel: ends.ours, panel: try PanelReader(file)),
            started: reactor.now, reactor: reactor, owner: owner)
        slot = WorkerSlot(number: 0, role: .gateway, startAllowance: .seconds(1), now: reactor.now)
        slot.process = process
    }

    @Test func allRowsAreWrittenTheTornOneToo() throws {
        for index in 0..<40 {
            var row = ExchangeRow()
            row.id = UInt64(index + 1)
            row.kind = .longRunning
            row.verb = .watch
            row.resource = FixedText("pods")
            writer.writeRow(index, row)
        }
        writer.tearRow(39)
        let lines = Collector.Lines()
        let exit = ChildProcess.Exit(
            code: nil, signal: 6, minorFaults: 1, majorFaults: 2, voluntarySwitches: 3, involuntarySwitches: 4)
        BlackBox(log: Logger(label: "") { _ in Collector(lines: lines) }, now: reactor.now).write(
            process, exit: exit, slot: slot, asTold: false, kept: 0, lost: 0)
        let death = try #require(lines.all.first { $0.message == "child died" }).metadata
        #expect(death["in_flight"] == "40")
        #expect(death["minor_faults"] == "1" && death["major_faults"] == "2")
        #expect(death["voluntary_switches"] == "3" && death["involuntary_switches"] == "4")
        let rows = lines.all.filter { $0.message == "in flight" }.map(\.metadata)
        #expect(rows.count == 40)
        #expect(rows.allSatisfy { $0["class"] == "long-running" && $0["verb"] == "watch" && $0["resource"] == "pods" })
        #expect(rows.filter { $0["torn"] == "true" }.map { $0["exchange"] } == ["40"])
    }

    /// What recycling judges may be far above RssAnon.
    @Test func memoryIsShownAsItIsJudged() {
        child.memory = 123_456_789
        #expect(ProcessRow(process, in: slot).memoryBytes == 123_456_789)
        let worker = SupervisorStatus.Worker(slot, now: reactor.now + .seconds(2))
        #expect(worker.memoryBytes == 123_456_789 && worker.ageSeconds == 2)
        child.memory = 1
        #expect(process.measureMemory() == 1 && process.memory == 1)
    }
}
