// SPDX-License-Identifier: Apache-2.0

import Shared

/// How an exchange's parts begin, by its facts.
extension ExchangeStateMachine {
    init(_ facts: ExchangeFacts) {
        self.init(
            repeatable: facts.head.method.isIdempotent && facts.head.framing.isEmpty,
            replayable: facts.head.framing.isEmpty, mayTunnel: facts.asksForTunnel)
    }
}

extension ExchangeDeadlines {
    init(_ facts: ExchangeFacts, _ client: ClientSide) {
        self.init(limits: client.plane.waits, start: facts.started, isLongRunning: facts.isLongRunning)
    }
}

extension IdentificationStateMachine {
    init(_ facts: ExchangeFacts, _ client: ClientSide) {
        let sources = client.plane.lookups.sources
        let reviews = client.service.mode == .tokenReview
        self.init(
            sources: reviews ? sources.filter { $0 != .tokenReview } : sources,
            impersonates: facts.head.hasImpersonation && !reviews)
    }
}

extension BodyRelay {
    /// A TokenReview's body is for the gateway itself.
    init(ofRequest head: RequestHead, from client: ClientSide) {
        self.init(
            from: client.bodyFraming(of: head), to: client.service.mode == .tokenReview ? .untilClose : head.framing)
    }
}
