// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How an exchange finds out whose it is: carries out what `IdentificationStateMachine` says, and lets go of everybody
/// it has asked when the exchange ends.
extension Exchange {
    func identify() {
        // Whose the token in a TokenReview is has nothing to do with who asks.
        if review != nil { return judgeToken() }
        if head.hasImpersonation, !DeliberateFault.isOn(.impersonationIgnored) {
            guard plane.configuration.authentication.impersonation.mode == .authorize else {
                return perform(machine.end(.refused(.impersonationDenied)))
            }
            guard readImpersonation() else { return }
        }
        judge()
    }

    private func readImpersonation() -> Bool {
        switch client.impersonation(head, of: id) {
        case .success(let request):
            impersonation = request
            let limit = plane.configuration.authentication.impersonation.maxChecks
            guard request.checks.count <= limit else {
                refusalDetail = "the request impersonates \(request.checks.count) names; at most \(limit) are checked"
                perform(machine.end(.refused(.impersonationDenied)))
                return false
            }
            return true
        case .failure(let fault):
            refusalDetail = fault.message
            perform(machine.end(.refused(.impersonationInvalid)))
            return false
        }
    }

    /// Judges the client's certificate, and without a good one the token, which lies in the client's buffer still.
    /// (kube-apiserver's order: a certificate that is not good is as good as none.)
    private func judge() {
        switch client.certificateVerdict() {
        case .none: judgeToken()
        case .accepted(let found):
            plane.count(.other(.certificate, accepted: true))
            original = found
            carryOut(identification.judged(.accepted))
        case .refused(let refusal):
            plane.count(.other(.certificate, accepted: false))
            if refusal.isOverBudget { return refuse(refusal) }
            plane.logger.debug("client certificate refused", metadata: ["reason": "\(refusal.message)"])
            judgeToken()
        }
    }

    private func judgeToken() {
        let verdict: IdentificationStateMachine.Verdict
        switch authenticate() {
        case nil:
            plane.count(.noCredentials)
            verdict = .nothing
        case .accepted(let found):
            plane.count(.accepted)
            original = found
            verdict = .accepted
        case .anonymous(let nobody):
            plane.count(.anonymous)
            original = nobody
            verdict = .accepted
        case .refused(let refusal) where refusal.isNotOurs && !plane.lookups.sources.isEmpty:
            verdict = .notOurs
        case .refused(let refusal):
            plane.count(.refused(refusal.reason))
            return refuse(refusal)
        case .needsClaim(let source):
            claimSource = source
            verdict = .needsClaim
        case .needsKeys(let issuer):
            verdict = .needsKeys(issuer: issuer, mark: plane.authenticator.keysMark(issuer: issuer))
        }
        carryOut(identification.judged(verdict))
    }

    private func authenticate(claimed: [UInt8]? = nil) -> AuthenticationOutcome? {
        guard let review else { return client.authenticate(head, of: id, claimed: claimed) }
        return review.authenticate(by: plane, claimed: claimed)
    }

    /// The token, for those who are asked about it.
    private var token: [UInt8]? {
        guard let review else { return client.copyToken(head, of: id) }
        return review.request?.token
    }

    /// A new set of keys is in force: the token is judged by it, for good.
    func keysArrived() {
        guard machine.phase == .identifying else { return }
        carryOut(identification.keysArrived())
        advance()
    }

    /// The deadline has passed. If keys were waited for, their issuer is what is amiss, and not the token.
    func noteMissingKeys() {
        guard identification.phase == .waitingForKeys else { return }
        plane.count(.noKey)
        refusalDetail = "the keys of the token's issuer could not be had in time"
    }

    private func refuse(_ refusal: Refusal) {
        plane.logger.debug("token refused", metadata: ["reason": "\(refusal.reason.rawValue)"])
        switch refusal.reason {
        case .tooManyGroups, .tooManyExtras:
            refusalDetail = refusal.message
            perform(machine.end(.refused(.identityOverBudget)))
        case .identityTooLarge:
            refusalDetail = refusal.message
            perform(machine.end(.refused(.identityTooLarge)))
        default: perform(machine.end(.refused(.tokenRefused)))
        }
    }

    private func carryOut(_ action: IdentificationStateMachine.Action) {
        switch action {
        case .none: break
        case .waitForKeys(let issuer):
            plane.waitForKeys(self, of: issuer)
            settle()
        case .judge: review == nil ? judge() : judgeToken()
        case .ask(let source): ask(source)
        case .authorize: authorize()
        case .proceed: proceed()
        case .refuse(let denial):
            if denial == .keyUnknown { plane.count(.noKey) }
            perform(machine.end(.refused(denial)))
        }
    }

    // MARK: Other services

    private func ask(_ source: IdentificationStateMachine.Source) {
        if source == .distributedClaim { return askForClaim() }
        guard let token else { return carryOut(identification.answered(.no)) }
        do throws(LookupFailure) {
            let ticket = try plane.lookups.ask(source, token, deadline: deadlines.next) { [unowned self] result in
                answered(source, result)
            }
            hold(ticket)
        } catch {
            answered(source, .failure(error))
        }
    }

    private func askForClaim() {
        guard let claimSource, let token else {
            return carryOut(identification.answered(.no))
        }
        do throws(LookupFailure) {
            let ticket = try plane.lookups.ask(claimSource, for: token, deadline: deadlines.next) {
                [unowned self] result in
                claimAnswered(result)
            }
            hold(ticket)
        } catch {
            claimAnswered(.failure(error))
        }
    }

    private func claimAnswered(_ result: Result<ClaimDocument, LookupFailure>) {
        guard machine.phase == .identifying else { return }
        lookups = []
        switch result {
        case .success(let document):
            guard case .accepted(let found) = authenticate(claimed: document.token) else {
                plane.count(.refused(.distributedClaims))
                carryOut(identification.answered(.no))
                break
            }
            plane.count(.accepted)
            original = found
            carryOut(identification.answered(.yes))
        case .failure(let failure):
            plane.count(.lookupFailed)
            carryOut(identification.answered(note(failure)))
        }
        advance()
    }

    private func answered(
        _ source: IdentificationStateMachine.Source, _ result: Result<TokenVerdict, LookupFailure>
    ) {
        guard machine.phase == .identifying else { return }
        lookups = []
        let method: AuthenticationSeries.Method = source == .tokenReview ? .tokenReview : .introspection
        switch result {
        case .success(.accepted(let found)):
            plane.count(.other(method, accepted: true))
            original = found
            carryOut(identification.answered(.yes))
        case .success(.refused(let refusal)):
            plane.count(.other(method, accepted: false))
            if refusal.isOverBudget { return refuse(refusal) }
            plane.logger.debug("token refused", metadata: ["reason": "\(refusal.reason.rawValue)"])
            carryOut(identification.answered(.no))
        case .failure(let failure):
            plane.count(.lookupFailed)
            carryOut(identification.answered(note(failure)))
        }
        advance()
    }

    /// As the machine has it; the log has the rest.
    private func note(_ failure: LookupFailure) -> IdentificationStateMachine.Answer {
        plane.noteLookupFailure(failure)
        return failure == .tooMany ? .refused : .failed
    }

    // MARK: Impersonation

    /// Asks for all checks at once. Some may be answered from memory before the others are asked.
    private func authorize() {
        guard let impersonation, let user = original?.user else { return }
        let checks = impersonation.checks
        showUser()
        identification.checksBegin(checks.count)
        for check in checks {
            guard machine.phase == .identifying else { return }
            do throws(LookupFailure) {
                let ticket = try plane.lookups.ask(check, of: user, deadline: deadlines.next) {
                    [unowned self] result in
                    checkAnswered(check, result)
                }
                hold(ticket)
            } catch {
                checked(check, .failure(error))
            }
        }
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

    private func proceed() {
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

    // MARK: The end

    private func hold(_ ticket: LookupTicket?) {
        guard let ticket else { return }
        if machine.phase == .identifying { lookups.append(ticket) } else { ticket.cancel() }
    }

    /// The exchange has ended: nobody is waited for.
    func stopIdentifying() {
        if identification.phase == .waitingForKeys, !DeliberateFault.isOn(.staysAmongKeyWaiters) {
            plane.stopWaitingForKeys(self)
        }
        identification.end()
        for ticket in lookups { ticket.cancel() }
        lookups = []
    }

    /// Who really asks.
    var user: String { original?.user.username ?? "" }
}

extension Refusal {
    /// The user is known, and more than is passed on.
    var isOverBudget: Bool {
        switch reason {
        case .tooManyGroups, .tooManyExtras, .identityTooLarge: true
        default: false
        }
    }
}
