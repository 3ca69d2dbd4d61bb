// SPDX-License-Identifier: Apache-2.0

/// What the source of a distributed claim answers (OpenID Connect Core section 5.6.2): a JWT that holds it, not verified yet.
struct ClaimDocument: LookupAnswer {
    let token: [UInt8]

    var isPositive: Bool { true }
    var believedUntil: Double { -.infinity }

    static func request(_ source: DistributedClaim.Source) -> LookupRequest {
        var request = LookupRequest(kind: .distributedClaim, url: source.endpoint)
        if let token = source.accessToken { request.fields = ["Authorization: Bearer " + token] }
        switch source.authority {
        case .system: break
        case .file(let path): request.trust.authoritiesFile = path
        case .pem(let text): request.trust.authorities = Array(text.utf8)
        }
        return request
    }

    static func read(_ reply: LookupReply) -> Result<ClaimDocument, LookupFailure> {
        guard (200...299).contains(reply.status) else { return .failure(.status(reply.status)) }
        return .success(ClaimDocument(token: reply.body.filter { $0 > 0x20 }))
    }
}
