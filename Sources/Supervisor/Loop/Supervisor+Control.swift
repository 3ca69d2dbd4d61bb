// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// What the supervisor answers on its control socket.
extension Supervisor: ControlResponder {
    func answer(to request: ControlRequest) -> [UInt8]? {
        switch request.command {
        case "status": ControlAnswer.line(status)
        case "ps": RequestList(pool.requestsInFlight, now: reactor.now).line
        case "kill": cancel(request.id ?? "")
        default: nil
        }
    }

    func takeOn(_ request: ControlRequest, for client: ControlClient.Name) -> Duration? {
        let allowance = reloader.allowance
        if request.command == "upgrade" {
            upgrader.begin(waiting: client)
            return allowance + UpgradeStateMachine.patience + UpgradeStateMachine.killAllowance
        }
        guard let kind = Reloader.Kind(rawValue: request.command), kind != .upgrade else { return nil }
        reload(kind) { [weak self] outcome in
            let line =
                switch outcome {
                case .done(let what): ControlAnswer.line(ControlSuccess(message: what))
                case .failed(let why): ControlAnswer.line(ControlFailure(error: why))
                }
            self?.answerSoon(client, line)
        }
        return allowance
    }

    private func cancel(_ text: String) -> [UInt8] {
        guard let id = RequestID(text) else {
            return ControlAnswer.line(ControlFailure(error: "not a request's id: SLOT.GENERATION/NUMBER"))
        }
        switch pool.cancel(id) {
        case .told:
            log.notice("request cancelled by command", metadata: ["request": "\(id)"])
            return ControlAnswer.line(CancelledRequest(cancelled: text))
        case .noSuchRequest: return ControlAnswer.line(ControlFailure(error: "request \(id) is not in flight"))
        case .deaf: return ControlAnswer.line(ControlFailure(error: "worker \(id.worker) takes no messages"))
        }
    }

    private var status: SupervisorStatus {
        .init(
            version: Version.current, pid: ProcessFigures.ownPid, state: stateName,
            uptimeSeconds: reactor.now.since(started).milliseconds / 1_000, listeners: listeners,
            handoff: .init(pool.handOff.ledger),
            keyring: .init(pool.keyring, generation: pool.current.keyring.keys.generation),
            admin: pool.admin.flatMap { gate in admin.map { .init(gate, address: $0) } },
            workers: pool.gateways.filter { $0.machine.state != .gone }.map { .init($0, now: reactor.now) },
            recycles: .init(uniqueKeysWithValues: pool.recycles.map { ($0.key.rawValue, $0.value) }), supervisor: .own,
            change: .init(reloader, upgrader, pool), reloadFailure: reloadFailure, upgradeFailure: upgradeFailure)
    }
}
