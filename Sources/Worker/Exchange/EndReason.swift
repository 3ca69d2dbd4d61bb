// SPDX-License-Identifier: Apache-2.0

/// Why an exchange ended. Every exchange ends with exactly one of these; its `name` stands in the request's log line.
enum EndReason: Equatable, Sendable {
    /// The response went out whole.
    case completed
    /// The gateway itself was asked, and has the answer.
    case answered
    /// The client left: FIN, close_notify, or a reset; or we had to take it for gone.
    case clientGone(Departure)
    /// A deadline passed.
    case deadline(Stage)
    /// The gateway does not serve the request: no identity, no capacity.
    case refused(Denial)
    /// The client's body broke HTTP's rules.
    case clientInvalid(HTTPFault)
    /// The API server could not be reached, or its connection ended before the response's end.
    case upstreamFailed(UpstreamFailure)
    /// The API server's response broke HTTP's rules.
    case upstreamInvalid(HTTPFault)
    /// Cut at the end of a drain.
    case cut
    /// A watch or followed log that a drain has ended between two items.
    case drained
    /// A watch or followed log whose credential has expired, ended between two items.
    case expired
    /// Somebody asked for it (`lychgate kill`).
    case cancelled

    enum Departure: String, Equatable, Sendable {
        case closed = "client_closed"
        case reset = "client_reset"
        /// It has broken the protocol, or overdone it, and its connection was ended for that.
        case misbehaved = "client_misbehaved"
        /// It has said nothing for too long, asked (PING) or not.
        case silent = "client_silent"
    }

    enum Denial: String, Equatable, Sendable {
        case unauthenticated
        case tokenRefused = "token_refused"
        /// No key of the token's issuer could decide.
        case keyUnknown = "key_unknown"
        /// As many requests as may wait for the keys of the token's issuer.
        case tooManyKeyWaiters = "too_many_key_waiters"
        case impersonationDenied = "impersonation_denied"
        case impersonationInvalid = "impersonation_invalid"
        /// Another service could not say what the identity depends on.
        case lookupFailed = "lookup_failed"
        case tooManyLookups = "too_many_lookups"
        /// The user has more groups or extras than are passed on.
        case identityOverBudget = "identity_over_budget"
        case tooManyInFlight = "too_many_in_flight"
        case noBuffers = "no_buffers"
        case upgradeWithBody = "upgrade_with_body"
        case identityTooLarge = "head_too_large"
        case credentialUnavailable = "credential_unavailable"
        /// Whoever asks for a TokenReview may not.
        case callerRefused = "caller_refused"
        case methodNotAllowed = "method_not_allowed"
        case notATokenReview = "not_a_token_review"
        case bodyTooLarge = "body_too_large"
    }

    var name: String {
        switch self {
        case .completed: "completed"
        case .answered: "answered"
        case .clientGone(let departure): departure.rawValue
        case .deadline(let stage): "deadline_" + stage.rawValue
        case .refused(let denial): denial.rawValue
        case .clientInvalid(let fault): "invalid_body_" + fault.reason.description
        case .upstreamFailed(let failure): "upstream_" + failure.rawValue
        case .upstreamInvalid(let fault): "upstream_invalid_" + fault.reason.description
        case .cut: "cut"
        case .drained: "drained"
        case .expired: "token_expired"
        case .cancelled: "cancelled_by_operator"
        }
    }
}

/// What an exchange waits for, each with its own deadline. New ones go at the end: the order is that of their counters.
enum Stage: String, CaseIterable, Equatable, Sendable {
    case identity
    case connect
    case firstResponseByte = "first_response_byte"
    case request
    case requestBody = "request_body"
    case responseBody = "response_body"
    /// The API server does not take what there is of the request.
    case upstreamWrite = "upstream_write"
    /// The client does not take what there is for it.
    case clientWrite = "client_write"
    /// Nothing flows through a tunnel.
    case tunnelIdle = "tunnel_idle"
    /// One side of a tunnel has ended its stream, and nothing comes from the other, or it takes nothing.
    case tunnelClosing = "tunnel_closing"
    /// The credential that began a stream has expired.
    case tokenExpiry = "token_expiry"
}

/// What went wrong with the API server's connection.
enum UpstreamFailure: String, Equatable, Error, Sendable {
    case unresolvable
    case refused
    case unreachable
    case tlsFailed = "tls_failed"
    case connectTimedOut = "connect_timed_out"
    case poolExhausted = "pool_exhausted"
    case closedEarly = "closed_early"
    case reset
    /// It did not answer PING.
    case silent
}
