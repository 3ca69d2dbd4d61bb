// SPDX-License-Identifier: Apache-2.0

import Shared

/// How an exchange is answered without the API server: with whose token it is, to a proxy (`forwardAuth`) or to an API
/// server (`tokenReview`). All else, the wait for keys, deadlines, cancellation, the ledger, is any exchange's.
extension Exchange {
    /// The answer to an end, by whatever the listener is for; nil: that end has none.
    func answer(to reason: EndReason) -> GatewayAnswer? {
        guard var answer = ownAnswer(to: reason) ?? GatewayAnswer(reason) else { return nil }
        if reason == .refused(.notATokenReview), let problem = review?.problem { answer.message = problem.message }
        answer.auditID = auditID
        return answer
    }

    private func ownAnswer(to reason: EndReason) -> GatewayAnswer? {
        switch (client.service.mode, reason) {
        case (.forwardAuth, .answered):
            identity.map { GatewayAnswer(.fields(IdentityFieldLines.render($0.user, client.service.identityFields))) }
        case (.tokenReview, .answered):
            identity.flatMap { identity in
                review?.request?.verdict(on: identity.user, audiences: client.service.audiences)
            }.map { GatewayAnswer(.document($0)) }
        case (.tokenReview, .refused(.tokenRefused)):
            review?.request.map { GatewayAnswer(.document($0.refusal("the token is not accepted"))) }
        default: nil
        }
    }

    // MARK: TokenReview

    /// Judges who asks, and begins to take the body in.
    func startReview() {
        guard client.isByCaller(head) else { return perform(machine.end(.refused(.callerRefused))) }
        guard head.method == .post else { return perform(machine.end(.refused(.methodNotAllowed))) }
        review = ReviewIntake(pool: plane.buffers)
        deadlines.enter(.requestBody, now: plane.reactor.now)
        releaseHead()
    }

    /// Takes in what has come of the body; judges the token when all of it has.
    func takeReview() {
        guard let review, review.isOpen, machine.phase == .identifying else { return }
        let before = requestBody.moved
        while true {
            let progress = moveBody(into: review)
            guard review.keep() else { return perform(machine.end(.refused(.bodyTooLarge))) }
            switch progress {
            case .blocked: continue
            case .starved:
                if requestBody.moved > before { progressed() }
                return
            case .refused(let fault): return perform(machine.end(.clientInvalid(fault)))
            case .noBuffer: return perform(machine.end(.refused(.noBuffers)))
            case .ended:
                machine.requestFinished()
                guard review.close() else { return perform(machine.end(.refused(.notATokenReview))) }
                deadlines.enter(.identity, now: plane.reactor.now)
                return identify()
            }
        }
    }

    private func moveBody(into review: ReviewIntake) -> BodyRelay.Progress {
        let progress = requestBody.move(from: client.receive, to: review.buffer)
        guard progress == .starved, let trailers = client.requestTrailers else { return progress }
        return requestBody.sourceEnded(to: review.buffer, trailers: trailers)
    }
}
