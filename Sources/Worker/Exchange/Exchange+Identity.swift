// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How an exchange finds out whose it is: carries out what `IdentificationStateMachine` says, and lets go of everybody
/// it has asked when the exchange ends.
extension Exchange {
    /// Whom the request may act as is looked at when it is known whose it is.
    func identify() {
        // Whose the token in a TokenReview is has nothing to do with who asks.
        review == nil ? judge() : judgeToken()
    }

    /// Judges the client's certificate, and without a good one the token, which lies in the client's buffer still.
    /// (kube-apiserver's order: a certificate that is not good is as good as none, but whoever has shown it is not nobody.)
    private func judge() {
        switch client.certificateVerdict() {
        case .none: judgeToken()
        case .nobody:
            plane.count(.other(.certificate, accepted: false))
            judgeToken()
        case .accepted(let found):
            plane.count(.other(.certificate, accepted: true))
            original = found
            carryOut(identification.judged(.accepted))
        case .refused(let refusal):
            plane.count(.other(.certificate, accepted: false))
            if refusal.isOverBudget { return refuse(refusal) }
            plane.logger.debug("client certificate refused", metadata: ["reason": "\(refusal.message)"])
            judgeToken(mayBeAnonymous: false)
        }
    }

    private func judgeToken(mayBeAnonymous: Bool = true) {
        let verdict: IdentificationStateMachine.Verdict
        switch authenticate() {
        case nil:
            plane.count(.noCredentials)
            verdict = .nothing
        case .accepted(let found):
            plane.count(.accepted)
            original = found
            verdict = .accepted
        case .anonymous where !mayBeAnonymous:
            plane.count(.noCredentials)
            verdict = .nothing
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

    func refuse(_ refusal: Refusal) {
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

    func carryOut(_ action: IdentificationStateMachine.Action) {
        switch action {
        case .none: break
        case .waitForKeys(let issuer, let mark):
            guard plane.waitForKeys(self, of: issuer, mark: mark) else {
                return carryOut(identification.noRoomToWait())
            }
            settle()
        case .judge: review == nil ? judge() : judgeToken()
        case .ask(let source):
            hasAsked = true
            ask(source)
        case .authorize:
            hasAsked = true
            authorize()
        case .proceed: proceed()
        case .refuse(let denial):
            if denial == .keyUnknown { plane.count(.noKey) }
            if denial == .tooManyKeyWaiters { plane.count(.crowded) }
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
            switch authenticate(claimed: document.token) {
            case .accepted(let found):
                plane.count(.accepted)
                original = found
                carryOut(identification.answered(.yes))
            case .needsKeys(let issuer):
                let mark = plane.authenticator.keysMark(issuer: issuer)
                carryOut(identification.claimNeedsKeys(issuer: issuer, mark: mark))
            case .refused(let refusal):
                plane.count(.refused(refusal.reason))
                if refusal.isOverBudget { return refuse(refusal) }
                carryOut(identification.answered(.no))
            case .anonymous, .needsClaim, nil:
                plane.count(.refused(.distributedClaims))
                carryOut(identification.answered(.no))
            }
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
    func note(_ failure: LookupFailure) -> IdentificationStateMachine.Answer {
        plane.noteLookupFailure(failure)
        return failure == .tooMany ? .refused : .failed
    }

    // MARK: The end

    func hold(_ ticket: LookupTicket?) {
        guard let ticket else { return }
        if machine.phase == .identifying { lookups.append(ticket) } else { ticket.cancel() }
    }

    /// The exchange has ended: nobody is waited for.
    func stopIdentifying() {
        if identification.phase == .waitingForKeys, !DeliberateFault.isOn(.staysAmongKeyWaiters) {
            plane.stopWaitingForKeys(self)
        }
        identification.end()
        guard !lookups.isEmpty else { return }
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
