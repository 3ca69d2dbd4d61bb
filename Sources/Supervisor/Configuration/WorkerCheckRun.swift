// SPDX-License-Identifier: Apache-2.0

import Shared

/// The worker's check of a configuration beside a running loop, which must not wait for it.
final class WorkerCheckRun: EventHandler, TimerHandler {
    private let reactor: Reactor
    private let loaded: LoadedConfiguration
    private let started: WorkerCheck.Started
    private let done: (String?) -> Void
    private var registration = Reactor.Registration.none
    private var timer = Reactor.Timer.none

    /// - Parameter done: called once, from the loop: what is wrong; nil: nothing.
    init(
        _ loaded: LoadedConfiguration, reactor: Reactor, done: @escaping (String?) -> Void
    ) throws(CommandFailure) {
        self.reactor = reactor
        self.loaded = loaded
        self.done = done
        started = try WorkerCheck().start(loaded)
        do throws(Errno) {
            registration = try reactor.register(started.child.pidfd.raw, .read, handler: self)
        } catch {
            started.child.signal(SlotStateMachine.signalKill)
            _ = started.child.wait(until: reactor.now + ShutdownStateMachine.reapAllowance)
            throw CommandFailure("the check of the configuration cannot be watched: \(error)")
        }
        timer = reactor.startTimer(at: reactor.now + WorkerCheck.patience, handler: self)
    }

    /// Nobody wants to know any more: the child is killed, and reaped at once.
    func cancel() {
        reactor.remove(&registration)
        reactor.cancelTimer(&timer)
        started.child.signal(SlotStateMachine.signalKill)
        _ = started.child.wait(until: Instant.now + ShutdownStateMachine.reapAllowance)
    }

    /// It takes too long: it ends now, and its end is reported.
    func timerFired(tag: UInt32, now: Instant) {
        timer = .none
        started.child.signal(SlotStateMachine.signalKill)
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        guard let exit = started.child.reap() else { return }
        reactor.remove(&registration)
        reactor.cancelTimer(&timer)
        done(failure(exit))
    }

    private func failure(_ exit: ChildProcess.Exit) -> String? {
        do {
            let findings = WorkerCheck.findings(in: try started.report(exit), of: loaded)
            return findings.error.map { "\($0)" }
        } catch {
            return "\(error)"
        }
    }
}
