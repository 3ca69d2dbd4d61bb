// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How the supervisor becomes its next program, and goes on as such.
extension Supervisor: UpgraderOwner {
    var upgradeObstacle: UpgradeStateMachine.Obstacle? {
        if shutdown.state != .running { return .stopping }
        if reloader.isBusy { return .reloading }
        return announced ? nil : .starting
    }

    func upgradeBegins(now: Instant) { notifier.reloading(now) }

    func upgradeState(waiting: ControlClient.Name?) -> UpgradeState? {
        sendLateAnswers()
        guard let saved = pool.saved, let launcher = pool.current.launcher as? WorkerLauncher else { return nil }
        return UpgradeState(
            version: Version.current, path: upgrader.path, arguments: Array(CommandLine.arguments.dropFirst()),
            configuration: String(decoding: reloader.loaded.json, as: UTF8.self),
            sourceFile: reloader.loaded.sourceFile,
            worker: .init(path: launcher.program.path, descriptor: launcher.program.raw),
            listeners: ListenerSockets.saved(acceptor.entries + (pool.admin?.acceptor.entries ?? [])),
            control: control?.saved(waiting: waiting), started: started, announced: announced,
            descriptorPauses: acceptor.descriptorPauses, acceptPauses: acceptor.pauses.counts, pool: saved)
    }

    func upgradeFailed(_ why: String, waiting: ControlClient.Name?, now: Instant) {
        upgradeFailure = why.split(separator: "\n").first.map(String.init)
        pool.board.ended(.upgrade, failed: true)
        if let waiting { answerSoon(waiting, ControlAnswer.line(ControlFailure(error: why))) }
        guard shutdown.state == .running, !upgrader.isBusy, !reloader.isBusy else { return }
        if announced { notifier.ready() }
        repayReload(now)
    }

    /// This program has taken over: tells so, and replaces all children.
    func goOn(after landing: Landing) -> Int32 {
        let before = landing.state.header.version
        log.notice(
            "this program has taken over",
            metadata: [
                "version": "\(Version.current)", "before": "\(before)", "pid": "\(ProcessFigures.ownPid)",
                "workers": "\(pool.readyGateways)",
            ])
        pool.start()
        pool.settle(landing.state.pool)
        acceptor.descriptorPauses = landing.state.descriptorPauses
        acceptor.pauses.restore(landing.state.acceptPauses ?? [:])
        let waiting = control?.waiting.first
        if let failure = landing.handOver.failure {
            upgradeFailed(failure, waiting: waiting, now: reactor.now)
        } else {
            reloader.begin(.upgrade) { [weak self] outcome in
                let line =
                    switch outcome {
                    case .done(let what):
                        ControlAnswer.line(
                            ControlSuccess(message: "version \(Version.current) took over from \(before); \(what)"))
                    case .failed(let why):
                        ControlAnswer.line(ControlFailure(error: "version \(Version.current) took over, but \(why)"))
                    }
                if let waiting { self?.answerSoon(waiting, line) }
            }
        }
        return serve()
    }
}
