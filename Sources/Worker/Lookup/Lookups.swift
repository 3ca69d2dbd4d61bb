// SPDX-License-Identifier: Apache-2.0

import Shared

/// Everything that one worker asks other services for its requests' identities.
final class Lookups {
    private let client: LookupClient
    private let server: APIServerQuestions
    private let tokens: LookupDesk<TokenVerdict>
    private let introspected: LookupDesk<TokenVerdict>
    private let access: LookupDesk<AccessVerdict>
    private let claims: LookupDesk<ClaimDocument>
    private let review: TokenReview?
    private let introspection: IntrospectionClient?
    /// Whom a token is shown that no configured issuer owns, in this order.
    let sources: [IdentificationStateMachine.Source]

    init(
        reactor: Reactor, configuration: GatewayConfiguration, panel: PanelWriter, server: APIServerQuestions,
        limits: IdentityLimits
    ) {
        let authentication = configuration.authentication
        self.server = server
        let client = LookupClient(reactor: reactor, panel: panel, bounds: authentication.lookups)
        self.client = client
        let capacity = authentication.lookups.maxCached
        let mode = authentication.tokenReview
        tokens = LookupDesk(
            .tokenReview, client: client, reactor: reactor, panel: panel, capacity: capacity,
            acceptedFor: mode.acceptedFor, refusedFor: mode.refusedFor)
        introspected = LookupDesk(
            .introspection, client: client, reactor: reactor, panel: panel, capacity: capacity,
            acceptedFor: authentication.introspection?.acceptedFor ?? .zero,
            refusedFor: authentication.introspection?.refusedFor ?? .zero)
        access = LookupDesk(
            .accessReview, client: client, reactor: reactor, panel: panel, capacity: capacity,
            acceptedFor: authentication.impersonation.allowedFor, refusedFor: authentication.impersonation.deniedFor)
        // The user that comes of it is remembered, not the claim.
        claims = LookupDesk(
            .distributedClaim, client: client, reactor: reactor, panel: panel, capacity: 0, acceptedFor: .zero,
            refusedFor: .zero)
        review =
            mode.mode == .off
            ? nil : TokenReview(audiences: mode.audiences, passesThrough: mode.mode == .passThrough, limits: limits)
        introspection = authentication.introspection.map {
            IntrospectionClient(
                $0, reactor: reactor, limits: limits, allowedSystemNames: authentication.allowedSystemNames)
        }
        sources = (review == nil ? [] : [.tokenReview]) + (introspection == nil ? [] : [.introspection])
    }

    /// Asks whose a token is.
    ///
    /// - Returns: nil: it was known, and the waiter has been called already.
    func ask(
        _ source: IdentificationStateMachine.Source, _ token: [UInt8], deadline: Instant,
        _ waiter: @escaping LookupDesk<TokenVerdict>.Waiter
    ) throws(LookupFailure) -> LookupTicket? {
        let digest = TokenDigester.digest(token.span)
        switch source {
        case .tokenReview:
            if let known = tokens.find(digest) { return answer(known, waiter) }
            guard let review else { throw .unavailable("TokenReview is off") }
            guard let body = review.body(token) else {
                return answer(TokenVerdict.refused(Refusal(.malformed, "the token is not UTF-8")), waiter)
            }
            return try askServer(tokens, digest, body, TokenReview.path, .tokenReview, deadline, waiter) { reply, _ in
                review.read(reply, token: token)
            }
        case .introspection:
            if let known = introspected.find(digest) { return answer(known, waiter) }
            guard let introspection else { throw .unavailable("introspection is off") }
            return try introspected.ask(
                digest, deadline: deadline,
                request: { () throws(LookupFailure) in try introspection.request(token) },
                read: { introspection.read($0, now: $1) }, waiter)
        case .distributedClaim: throw .unavailable("a distributed claim has a source of its own")
        }
    }

    /// Asks for a claim of a token that lies elsewhere.
    func ask(
        _ source: DistributedClaim.Source, for token: [UInt8], deadline: Instant,
        _ waiter: @escaping LookupDesk<ClaimDocument>.Waiter
    ) throws(LookupFailure) -> LookupTicket {
        try claims.ask(
            TokenDigester.digest(token.span), deadline: deadline,
            request: { () throws(LookupFailure) in ClaimDocument.request(source) },
            read: { reply, _ in ClaimDocument.read(reply) }, waiter)
    }

    private func answer<Answer: LookupAnswer>(_ known: Answer, _ waiter: LookupDesk<Answer>.Waiter) -> LookupTicket? {
        waiter(.success(known))
        return nil
    }

    /// Asks whether the user may impersonate one name.
    ///
    /// - Returns: nil: it was known, and the waiter has been called already.
    func ask(
        _ check: ImpersonationCheck, of user: UserInfo, deadline: Instant,
        _ waiter: @escaping LookupDesk<AccessVerdict>.Waiter
    ) throws(LookupFailure) -> LookupTicket? {
        let body = SubjectAccessReview.body(of: user, check)
        let digest = TokenDigester.digest(body.span)
        if let known = access.find(digest) { return answer(known, waiter) }
        return try askServer(access, digest, body, SubjectAccessReview.path, .accessReview, deadline, waiter) {
            reply, _ in SubjectAccessReview.read(reply)
        }
    }

    private func askServer<Answer: LookupAnswer>(
        _ desk: LookupDesk<Answer>, _ digest: TokenDigest, _ body: [UInt8], _ path: String, _ kind: LookupKind,
        _ deadline: Instant, _ waiter: @escaping LookupDesk<Answer>.Waiter,
        read: @escaping (LookupReply, Double) -> Result<Answer, LookupFailure>
    ) throws(LookupFailure) -> LookupTicket {
        try desk.ask(
            digest, deadline: deadline,
            request: { [server] () throws(LookupFailure) in try server.post(body, to: path, kind) }, read: read, waiter)
    }

    /// Asks nobody anything any more.
    func stop() {
        client.stop()
        introspection?.stop()
    }
}
