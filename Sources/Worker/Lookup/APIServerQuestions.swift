// SPDX-License-Identifier: Apache-2.0

import Shared

/// Makes look-ups at the API server, with the gateway's own credential, and at the address that requests go to.
final class APIServerQuestions {
    private let pool: UpstreamPool
    private let target: UpstreamTarget

    init(pool: UpstreamPool, target: UpstreamTarget) {
        self.pool = pool
        self.target = target
    }

    func post(_ body: [UInt8], to path: String, _ kind: LookupKind) throws(LookupFailure) -> LookupRequest {
        guard let address = pool.addresses.current else {
            throw .unavailable(pool.addresses.failure ?? "the API server's name is not resolved yet")
        }
        // The URL's host is what the certificate is checked for; where to connect to is said apart.
        let name = pool.serverName.contains(":") ? "[\(pool.serverName)]" : pool.serverName
        var request = LookupRequest(
            kind: kind, url: "\(target.isTLS ? "https" : "http")://\(name):\(target.port)\(path)", address: address)
        request.body = body
        request.fields = [
            "Host: " + String(decoding: target.authority, as: UTF8.self), "Content-Type: application/json",
        ]
        let authorization = pool.credentials.authorization
        if !authorization.isEmpty {
            request.fields.append(String(decoding: authorization.dropLast(2), as: UTF8.self))
        }
        request.trust = pool.credentials.trust
        return request
    }

    /// Another address' turn, if the name has several.
    func noteFailure(_ failure: LookupFailure, of address: SocketAddress?) {
        if case .transfer = failure, let address { pool.addresses.avoid(address) }
    }
}
