// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// Who is to become another program.
protocol UpgraderOwner: AnyObject {
    /// What there is against it now.
    var upgradeObstacle: UpgradeStateMachine.Obstacle? { get }
    /// Everything that the next program needs; nil: it cannot be said now. `waiting`: who wants to know the outcome.
    func upgradeState(waiting: ControlClient.Name?) -> UpgradeState?
    func upgradeBegins(now: Instant)
    /// The old program goes on.
    func upgradeFailed(_ why: String, waiting: ControlClient.Name?, now: Instant)
}

/// Lets the program that now lies where this one was started from check itself, and becomes it.
final class Upgrader: TimerHandler {
    /// Where the program lies.
    let path: String
    weak var owner: (any UpgraderOwner)?
    private let reactor: Reactor
    private let log: Logger
    private var machine = UpgradeStateMachine()
    private var check: UpgradeCheckRun?
    private var program: ProgramFile?
    private var waiting: ControlClient.Name?
    private var timer = Reactor.Timer.none

    init(path: String, reactor: Reactor, log: Logger) {
        self.path = path
        self.reactor = reactor
        self.log = log
    }

    var isBusy: Bool { machine.state != .idle }

    /// Begins; the owner hears of a failure, and nobody of success: the next program tells.
    func begin(waiting client: ControlClient.Name?) {
        let wasIdle = !isBusy
        let action = machine.wanted(obstacle: owner?.upgradeObstacle, now: reactor.now)
        if case .fail(let why) = action { return owner?.upgradeFailed(why, waiting: client, now: reactor.now) ?? () }
        if wasIdle { waiting = client }
        perform(action)
    }

    /// The gateway stops.
    func stop() {
        check?.end()
        check = nil
        perform(machine.stop())
    }

    func timerFired(tag: UInt32, now: Instant) {
        timer = .none
        perform(machine.timeReached(now))
    }

    private func perform(_ action: UpgradeStateMachine.Action) {
        switch action {
        case .none: break
        case .check(let number): startCheck(number)
        case .killCheck: check?.kill()
        case .replace: replace()
        case .fail(let why):
            program = nil
            let client = waiting
            waiting = nil
            log.error("upgrade has failed; this program goes on", metadata: ["reason": "\(why)"])
            owner?.upgradeFailed(why, waiting: client, now: reactor.now)
        }
        reactor.cancelTimer(&timer)
        if machine.nextDeadline != .never { timer = reactor.startTimer(at: machine.nextDeadline, handler: self) }
    }

    private func startCheck(_ number: Int) {
        log.notice("upgrade begins", metadata: ["program": "\(path)"])
        owner?.upgradeBegins(now: reactor.now)
        guard let state = owner?.upgradeState(waiting: waiting) else {
            return perform(machine.cannotCheck("the gateway's state cannot be passed on now"))
        }
        do throws(Errno) {
            let program = try ProgramFile(path)
            self.program = program
            check = try UpgradeCheckRun(program, state: state.encoded, reactor: reactor) { [unowned self] in
                checked(number, $0, report: $1)
            }
        } catch {
            perform(machine.cannotCheck("\(path): \(error)"))
        }
    }

    private func checked(_ number: Int, _ exit: ChildProcess.Exit, report: String) {
        if number == machine.check { check = nil }
        let ending: UpgradeStateMachine.Ending = exit.signal.map { .signal($0) } ?? .exit(exit.code ?? -1)
        perform(machine.checked(number, ending, report: report, obstacle: owner?.upgradeObstacle))
    }

    /// Comes back only when it failed.
    private func replace() {
        guard let program, let state = owner?.upgradeState(waiting: waiting) else {
            return perform(machine.cannotReplace("the gateway's state cannot be passed on now"))
        }
        do throws(Errno) {
            let own = try ProgramFile("/proc/self/exe")
            let file = try MemoryFile.sealed(name: "lychgate-upgrade", bytes: state.encoded)
            let handOver = UpgradeHandOver(state: file.raw, before: own.raw, program: program.raw)
            log.notice("becoming the new program", metadata: ["program": "\(path)"])
            throw handOver.leave(to: program.raw, named: CommandLine.arguments, keeping: state.descriptors)
        } catch {
            perform(machine.cannotReplace("\(path): \(error)"))
        }
    }
}
