// SPDX-License-Identifier: Apache-2.0

/// How one request's identity is found: a verdict at once, or after waiting for keys and for other services; then, if it
/// wants to act as somebody else, whether it may. Pure: events in, one action out.
///
/// ```
/// judging ──▶ waitingForKeys ──▶ judging
///    │  └──▶ asking(TokenReview) ──▶ asking(introspection)
///    │  └──▶ asking(distributed claim) ──▶ waitingForKeys
///    └──────────┴──▶ authorizing ──▶ ended
/// ```
struct IdentificationStateMachine: Equatable {
    /// Whom a token is shown that no configured issuer owns.
    enum Source: Equatable, Sendable {
        case tokenReview
        case introspection
        /// Whoever has the groups of a token that is ours.
        case distributedClaim
    }

    enum Phase: Equatable {
        case judging
        case waitingForKeys
        case asking(Source)
        /// So many checks have not been answered.
        case authorizing(Int)
        case ended
    }

    /// What is known of the credentials without asking anybody.
    enum Verdict: Equatable {
        case nothing
        case accepted
        case refused
        /// A token of which no configured issuer says that it is its own.
        case notOurs
        /// No key of this issuer at hand can decide. `mark` changes with every fetch that might have brought one.
        case needsKeys(issuer: Int, mark: UInt64)
        /// A good token of ours, whose groups are to be had elsewhere.
        case needsClaim
    }

    /// What another service says.
    enum Answer: Equatable {
        case yes
        case no
        case failed
        /// Too many ask already.
        case refused
    }

    enum Action: Equatable {
        case none
        case waitForKeys(issuer: Int, mark: UInt64)
        /// The credentials are judged again, by the keys that there are now.
        case judge
        case ask(Source)
        /// All checks of the impersonation are asked for at once.
        case authorize
        /// The identity is known, and allowed.
        case proceed
        case refuse(EndReason.Denial)
    }

    private(set) var phase = Phase.judging
    private var sources: [Source]
    private let impersonates: Bool
    /// The keys that could not decide, by their issuers, since they are waited for.
    private var keysMarks: [Int: UInt64] = [:]
    /// Somebody who might have known the token could not be asked.
    private var failure: EndReason.Denial?
    private var isDenied = false

    init(sources: [Source], impersonates: Bool) {
        self.sources = sources
        self.impersonates = impersonates
    }

    mutating func judged(_ verdict: Verdict) -> Action {
        guard phase == .judging else { return .none }
        switch verdict {
        case .nothing: return refuse(.unauthenticated)
        case .accepted: return identified()
        case .refused: return refuse(.tokenRefused)
        case .notOurs: return askNext()
        case .needsClaim:
            phase = .asking(.distributedClaim)
            return .ask(.distributedClaim)
        case .needsKeys(let issuer, let mark): return waitForKeys(issuer, mark)
        }
    }

    /// The source of a claim has answered with a token by this issuer, and no key of its at hand can decide.
    mutating func claimNeedsKeys(issuer: Int, mark: UInt64) -> Action {
        guard phase == .asking(.distributedClaim) else { return .none }
        return waitForKeys(issuer, mark)
    }

    /// One fetch is waited for.
    private mutating func waitForKeys(_ issuer: Int, _ mark: UInt64) -> Action {
        guard keysMarks[issuer] == nil || keysMarks[issuer] == mark else { return refuse(.keyUnknown) }
        keysMarks[issuer] = mark
        phase = .waitingForKeys
        return .waitForKeys(issuer: issuer, mark: mark)
    }

    /// Too many wait for keys already.
    mutating func noRoomToWait() -> Action {
        guard phase == .waitingForKeys else { return .none }
        return refuse(.tooManyKeyWaiters)
    }

    mutating func keysArrived() -> Action {
        guard phase == .waitingForKeys else { return .none }
        phase = .judging
        return .judge
    }

    /// The service that was asked about the token has answered.
    mutating func answered(_ answer: Answer) -> Action {
        guard case .asking(let source) = phase else { return .none }
        // Nobody else knows a token of ours.
        if source == .distributedClaim { sources = [] }
        switch answer {
        case .yes: return identified()
        case .no: break
        case .failed: failure = .lookupFailed
        case .refused: failure = .tooManyLookups
        }
        return askNext()
    }

    private mutating func askNext() -> Action {
        guard !sources.isEmpty else { return refuse(failure ?? .tokenRefused) }
        let source = sources.removeFirst()
        phase = .asking(source)
        return .ask(source)
    }

    private mutating func identified() -> Action {
        guard impersonates else {
            phase = .ended
            return .proceed
        }
        phase = .authorizing(0)
        failure = nil
        return .authorize
    }

    /// So many checks are asked for; each is answered by `checked`, at once or later.
    mutating func checksBegin(_ count: Int) {
        guard phase == .authorizing(0) else { return }
        phase = .authorizing(count)
    }

    /// All checks are waited for, so that a refusal can name everything that was denied.
    mutating func checked(_ answer: Answer) -> Action {
        guard case .authorizing(let count) = phase, count > 0 else { return .none }
        switch answer {
        case .yes: break
        case .no: isDenied = true
        case .failed: failure = .lookupFailed
        case .refused: failure = .tooManyLookups
        }
        phase = .authorizing(count - 1)
        guard count == 1 else { return .none }
        if isDenied { return refuse(.impersonationDenied) }
        if let failure { return refuse(failure) }
        phase = .ended
        return .proceed
    }

    private mutating func refuse(_ denial: EndReason.Denial) -> Action {
        phase = .ended
        return .refuse(denial)
    }

    /// The exchange has ended.
    mutating func end() { phase = .ended }
}
