// SPDX-License-Identifier: Apache-2.0

import Shared

/// How an exchange finds out whether its user may act as somebody else, as `IdentificationStateMachine` has it: once it is
/// known who asks, and not before.
extension Exchange {
    /// Asks for all checks at once. Some may be answered from memory before the others are asked.
    func authorize() {
        guard let original else { return }
        showUser()
        if DeliberateFault.isOn(.impersonationIgnored) {
            identification.end()
            return identified(as: original)
        }
        guard let request = readImpersonation() else { return }
        impersonation = request
        let checks = request.checks
        let limit = plane.configuration.authentication.impersonation.maxChecks
        guard checks.count <= limit else {
            return deny("the request impersonates \(checks.count) names, and at most \(limit) are checked")
        }
        identification.checksBegin(checks.count)
        for check in checks {
            guard machine.phase == .identifying else { return }
            do throws(LookupFailure) {
                let ticket = try plane.lookups.ask(check, of: original.user, deadline: deadlines.next) {
                    [unowned self] result in
                    checkAnswered(check, result)
                }
                hold(ticket)
            } catch {
                checked(check, .failure(error))
            }
        }
    }

    /// Whom the request names; nil: it was refused for that.
    private func readImpersonation() -> ImpersonationRequest? {
        guard plane.configuration.authentication.impersonation.mode == .authorize else {
            deny("impersonation is not allowed here")
            return nil
        }
        switch client.impersonation(head, of: id) {
        case .success(let request): return request
        case .failure(let fault):
            refusalDetail = fault.message
            perform(machine.end(.refused(.impersonationInvalid)))
            return nil
        }
    }

    /// Refuses all of it, unasked.
    private func deny(_ why: String) {
        let names = client.impersonationFields(head, of: id).joined(separator: ", ")
        refusalDetail = "User \"\(user)\" cannot impersonate: \(why): \(names)"
        perform(machine.end(.refused(.impersonationDenied)))
    }

    /// In one call, which keeps the exchange while it may end.
    private func checkAnswered(_ check: ImpersonationCheck, _ result: Result<AccessVerdict, LookupFailure>) {
        checked(check, result)
        advance()
    }

    private func checked(_ check: ImpersonationCheck, _ result: Result<AccessVerdict, LookupFailure>) {
        guard machine.phase == .identifying else { return }
        let answer: IdentificationStateMachine.Answer
        switch result {
        case .success(let verdict):
            if !verdict.isAllowed { denied.append(check) }
            answer = verdict.isAllowed ? .yes : .no
        case .failure(let failure): answer = note(failure)
        }
        let action = identification.checked(answer)
        if action == .refuse(.impersonationDenied) { refusalDetail = denial }
        carryOut(action)
    }

    /// Every field that was denied, by name.
    private var denial: String {
        let names = denied.map(\.description).joined(separator: ", ")
        return "User \"\(user)\" cannot impersonate: \(names)"
    }

    /// The identity is known, and allowed.
    func proceed() {
        guard let original else { return }
        guard let impersonation else { return identified(as: original) }
        do throws(Refusal) {
            let user = impersonation.impersonated(by: original.user)
            identified(
                as: Identity(
                    user: user,
                    impersonationHeader: try ImpersonationHeader.render(user, limits: plane.identityLimits),
                    expiresAt: original.expiresAt, believedUntil: original.believedUntil,
                    keyThumbprint: original.keyThumbprint))
        } catch {
            refuse(error)
        }
    }
}
