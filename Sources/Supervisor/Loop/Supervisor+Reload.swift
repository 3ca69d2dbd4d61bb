// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How another configuration comes into force, or the same one with new processes.
extension Supervisor: ReloaderOwner {
    func reload(_ kind: Reloader.Kind, reply: @escaping (Reloader.Outcome) -> Void) {
        guard shutdown.state == .running else { return reply(.failed("the gateway is stopping")) }
        if upgrader.isBusy { return reply(.failed("an upgrade is going on")) }
        if announced, !reloader.isBusy { notifier.reloading(reactor.now) }
        reloader.begin(kind, reply: reply)
    }

    func reloaded(_ loaded: LoadedConfiguration, now: Instant) {
        guard shutdown.state == .running else { return }
        shutdown = ShutdownStateMachine(loaded.configuration.deadlines)
    }

    func reloadEnded(_ kind: Reloader.Kind, _ outcome: Reloader.Outcome, now: Instant) {
        switch outcome {
        case .done:
            reloadFailure = nil
            pool.board.ended(kind, failed: false)
        case .failed(let why):
            reloadFailure = why.split(separator: "\n").first.map(String.init)
            pool.board.ended(kind, failed: true)
        }
        guard shutdown.state == .running else { return }
        if announced { notifier.ready() }
        repayReload(now)
    }

    /// Reads the files once more if somebody asked for that while it could not be done.
    func repayReload(_ now: Instant) {
        guard reloadOwed else { return }
        reloadOwed = false
        _ = reactor.startTimer(at: now, handler: self, tag: Tag.reload)
    }
}
