// SPDX-License-Identifier: Apache-2.0

/// What the gateway itself answers when an exchange ends without the API server's response: a `metav1.Status`, or what
/// was asked for of the gateway itself.
struct GatewayAnswer: Equatable {
    let code: Int
    let reason: StatusReason
    var message: String
    var retryAfter = 0
    /// A field's line with its CRLF, beyond those that every answer has.
    var field: StaticString { code == 405 ? "Allow: POST\r\n" : "" }
    var content = Content.status
    /// What the request is called, if it got as far as to be called something.
    var auditID: AuditID?

    enum Content: Equatable {
        case status
        /// Complete field lines, each with CRLF, and no body.
        case fields([UInt8])
        /// A JSON document.
        case document([UInt8])
    }

    /// 200, with what was asked for.
    init(_ content: Content) {
        self.init(code: 200, reason: .unknown, message: "")
        self.content = content
    }

    /// nil: that end has no answer.
    init?(_ end: EndReason) {
        switch end {
        case .completed, .answered, .clientGone, .drained, .expired: return nil
        case .deadline(.requestBody):
            self.init(code: 408, reason: .timeout, message: "the request's body did not arrive in time")
        case .deadline(.tokenExpiry): self.init(code: 401, reason: .unauthorized, message: "Unauthorized")
        case .deadline(let stage):
            self.init(
                code: 504, reason: .timeout,
                message: "the deadline of this request passed at stage \(stage.rawValue)")
        case .refused(let denial): self.init(denial)
        case .clientInvalid(let fault):
            self.init(code: fault.status, reason: .badRequest, message: fault.message.description)
        case .upstreamFailed(.poolExhausted):
            self.init(
                code: 503, reason: .serviceUnavailable, message: "no connection to the API server is free",
                retryAfter: 1)
        case .upstreamFailed(let failure):
            self.init(
                code: failure == .connectTimedOut ? 504 : 502,
                reason: failure == .connectTimedOut ? .timeout : .internalError,
                message: "the API server could not be asked: \(failure.rawValue)")
        case .upstreamInvalid(let fault):
            self.init(
                code: 502, reason: .internalError, message: "the API server's response is invalid: \(fault.reason)")
        case .cut:
            self.init(
                code: 503, reason: .serviceUnavailable, message: "the gateway is shutting down", retryAfter: 1)
        case .cancelled:
            // Without Retry-After: who ended it did not mean it to be tried again.
            self.init(
                code: 503, reason: .serviceUnavailable, message: "the request was ended by an operator of the gateway")
        }
    }

    private init(_ denial: EndReason.Denial) {
        switch denial {
        case .unauthenticated, .tokenRefused, .keyUnknown:
            // kube-apiserver says no more than this, and neither do we: the log has the reason.
            self.init(code: 401, reason: .unauthorized, message: "Unauthorized")
        case .impersonationDenied:
            self.init(
                code: 403, reason: .forbidden,
                message: "impersonation is not allowed here: the request has Impersonate- fields")
        case .impersonationInvalid:
            self.init(code: 400, reason: .badRequest, message: "the request's Impersonate- fields are not valid")
        case .lookupFailed:
            self.init(
                code: 503, reason: .serviceUnavailable, message: "who you are could not be looked up", retryAfter: 1)
        case .tooManyKeyWaiters:
            self.init(
                code: 503, reason: .serviceUnavailable, message: "too many requests wait for the issuer's keys",
                retryAfter: 1)
        case .tooManyLookups:
            self.init(code: 503, reason: .serviceUnavailable, message: "too many look-ups go on", retryAfter: 1)
        case .identityOverBudget:
            self.init(code: 403, reason: .forbidden, message: "the user has more groups or extras than are passed on")
        case .tooManyInFlight:
            self.init(
                code: 503, reason: .serviceUnavailable, message: "too many requests are in flight", retryAfter: 1)
        case .noBuffers:
            self.init(code: 503, reason: .serviceUnavailable, message: "the gateway is out of buffers", retryAfter: 1)
        case .upgradeWithBody:
            self.init(code: 400, reason: .badRequest, message: "a request for an upgrade must not have a body")
        case .identityTooLarge:
            self.init(code: 431, reason: .badRequest, message: "the request's head is too large with its identity")
        case .callerRefused:
            self.init(code: 401, reason: .unauthorized, message: "Unauthorized")
        case .methodNotAllowed:
            self.init(code: 405, reason: .methodNotAllowed, message: "a TokenReview is sent by POST")
        case .notATokenReview:
            self.init(code: 400, reason: .badRequest, message: "the body is not a TokenReview")
        case .bodyTooLarge:
            self.init(code: 413, reason: .requestEntityTooLarge, message: "the request's body is too large")
        case .credentialUnavailable:
            self.init(
                code: 503, reason: .serviceUnavailable, message: "the gateway has no credential for the API server",
                retryAfter: 1)
        }
    }

    init(code: Int, reason: StatusReason, message: String, retryAfter: Int = 0) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfter = retryAfter
    }

    /// As many requests as may be are in flight.
    static var overloaded: GatewayAnswer { GatewayAnswer(.tooManyInFlight) }

    /// For a request whose head could not be accepted.
    init(_ fault: HTTPFault) {
        self.init(code: fault.status, reason: .badRequest, message: fault.message.description)
    }
}
