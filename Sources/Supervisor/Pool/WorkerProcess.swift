// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared

/// Who hears of a child process.
protocol WorkerProcessOwner: AnyObject {
    func received(_ reception: consuming Reception<ToSupervisor>, from process: WorkerProcess)
    func channelWritable(of process: WorkerProcess)
    /// It was reaped, and everything that it had said before was delivered.
    func ended(_ process: WorkerProcess, _ exit: ChildProcess.Exit)
}

/// One child: its pidfd, our end of its control channel, and its panel.
final class WorkerProcess: ControlChannelOwner, EventHandler {
    typealias Incoming = ToSupervisor

    let id: WorkerID
    let role: WorkerRole
    let pid: Int32
    let panel: PanelReader
    let started: Instant
    /// The newest set of keys that it was sent.
    var keysSent: UInt64 = 0
    /// Whether it is to be replaced; nil for what is no gateway worker.
    var recycling: RecyclePolicy?
    /// The panel's figures when it was told to drain.
    var drainBegan: ShutdownTally.Figures?
    /// What it said in `hello`; nil: nothing yet.
    var protocolVersion: UInt32?
    /// The processor that it is bound to; nil: to none.
    var processor: Int?

    private let reactor: Reactor
    private let child: any RunningChild
    private unowned let owner: any WorkerProcessOwner
    private var registration = Reactor.Registration.none
    private var channel: ControlChannel<WorkerProcess, ToWorker>?
    /// Rounds of up to 128 records in which the last words of a dead child are read: more than its socket holds.
    private static let lastRounds = 64

    convenience init(
        id: WorkerID, role: WorkerRole, launcher: any ChildLauncher, reactor: Reactor,
        owner: any WorkerProcessOwner
    ) throws(Errno) {
        let launched = try launcher.launch(role, as: id)
        try self.init(id: id, role: role, launched: launched, started: reactor.now, reactor: reactor, owner: owner)
    }

    /// One that runs already.
    init(
        id: WorkerID, role: WorkerRole, launched: LaunchedChild, started: Instant, reactor: Reactor,
        owner: any WorkerProcessOwner
    ) throws(Errno) {
        self.id = id
        self.role = role
        self.reactor = reactor
        self.owner = owner
        self.started = started
        let ours = FileDescriptor(owning: launched.channel)
        panel = launched.panel
        child = launched.process
        pid = child.pid
        do throws(Errno) {
            channel = try ControlChannel(reactor: reactor, socket: ours, owner: self)
            registration = try reactor.register(child.exitDescriptor, .read, handler: self)
        } catch {
            // Killed and reaped here, because nobody will hear of it.
            child.end(by: reactor.now + ShutdownStateMachine.reapAllowance)
            channel?.close()
            reactor.remove(&registration)
            throw error
        }
    }

    /// What the next program of this supervisor needs of it; nil: its panel cannot be passed on.
    var saved: SavedPool.Process? {
        guard let channel, let panel = panel.raw else { return nil }
        return .init(
            pid: pid, pidfd: child.exitDescriptor, channel: channel.raw, panel: panel, started: started,
            keysSent: keysSent, protocolVersion: protocolVersion, waiting: channel.waiting.map { Data($0) },
            processor: processor, group: child.group)
    }

    /// Carries on what the program before had of it.
    func restore(_ saved: SavedPool.Process) {
        keysSent = saved.keysSent
        protocolVersion = saved.protocolVersion
        channel?.restore(waiting: saved.waiting.map { Array($0) })
    }

    func send(_ message: ToWorker, passing descriptor: Int32? = nil)
        -> ControlChannel<WorkerProcess, ToWorker>.SendResult
    {
        channel?.send(message, passing: descriptor) ?? .closed
    }

    /// Memory in bytes at this moment; nil: unknown. It takes files of the kernel to say.
    func measureMemory() -> UInt64? {
        let memory = child.memory
        measured = (reactor.now, memory)
        return memory
    }

    /// The same for whoever only shows it: as it was measured last, unless that is nearly a second ago.
    var memory: UInt64? {
        if let measured, reactor.now.since(measured.at) < Self.memoryLasts { return measured.memory }
        return measureMemory()
    }
    private var measured: (at: Instant, memory: UInt64?)?
    private static let memoryLasts = Duration.milliseconds(900)

    func signal(_ signal: Int32) { child.signal(signal) }

    /// Hears nothing more from it.
    func closeChannel() { channel?.close() }

    /// What its panel says now.
    var figures: ShutdownTally.Figures {
        .init(
            ended: panel.value(.exchangesEnded), inFlight: panel.value(.exchangesInFlight),
            cut: panel.value(.cutAtDrain), drained: panel.value(.endedAtDrain))
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        guard let exit = child.reap() else { return }
        reactor.remove(&registration)
        // Claims that it sent before it died still count.
        for _ in 0..<Self.lastRounds { channel?.ready(.readable, tag: 0, now: now) }
        channel?.close()
        owner.ended(self, exit)
    }

    func received(_ reception: consuming Reception<ToSupervisor>, on channel: UInt32) {
        owner.received(reception, from: self)
    }

    func channelWritable(_ channel: UInt32) { owner.channelWritable(of: self) }
}
