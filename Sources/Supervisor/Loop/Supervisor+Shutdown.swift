// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How the supervisor carries out what its `ShutdownStateMachine` says.
extension Supervisor {
    func perform(_ action: ShutdownStateMachine.Action, now: Instant) {
        switch action {
        case .none: break
        case .announce:
            notifier.stopping()
            reloader.stop()
            log.notice("not ready any more; the drain begins later")
        case .drainGateways(let drain, let hard):
            notifier.stopping()
            upgrader.stop()
            reloader.stop()
            acceptor.stop()
            pool.drainGateways(deadline: drain, hard: hard)
            checkGone(now)
        case .drainKeyring(let deadline):
            pool.drainKeyring(deadline: deadline)
            checkGone(now)
        case .cut(let hard):
            notifier.stopping()
            upgrader.stop()
            reloader.stop()
            acceptor.stop()
            pool.cutAll(hard: hard)
            checkGone(now)
        case .kill: pool.killAll()
        case .finish(let code):
            exitCode = code
            reactor.stop()
        }
        reactor.cancelTimer(&shutdownTimer)
        if shutdown.nextDeadline != .never {
            shutdownTimer = reactor.startTimer(at: shutdown.nextDeadline, handler: self, tag: Tag.shutdown)
        }
    }

    func checkGone(_ now: Instant) {
        perform(
            shutdown.childGone(gatewaysLeft: pool.gatewaysLeft, keyringLeft: pool.keyringLeft, now: now), now: now)
    }

    func end() {
        control?.close()
        let counts = pool.handOff.counts
        log.notice(
            "stopped",
            metadata: [
                "served_out": "\(pool.tally.servedOut)", "ended": "\(pool.tally.drained)",
                "cut": "\(pool.tally.cut)", "killed": "\(pool.tally.killed)",
                "lost": "\(counts.lost)", "accepted": "\(counts.accepted)",
                "elapsed_ms": "\(Int(reactor.now.since(shutdown.began ?? reactor.now).milliseconds))",
            ])
    }
}

extension Supervisor: WorkerPoolOwner {
    func workerBecameReady(now: Instant) {
        guard !announced else { return }
        announced = true
        log.notice("serving", metadata: ["after_ms": "\(Int(now.since(started).milliseconds))"])
        notifier.ready()
    }

    func rollEnded(failure: String?, now: Instant) { reloader.rollEnded(failure: failure, now: now) }

    func slotGone(now: Instant) { checkGone(now) }

    func poolGivesUp(exitCode: Int32, now: Instant) {
        perform(shutdown.failed(exitCode, now: now), now: now)
    }
}
