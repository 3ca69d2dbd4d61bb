// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// The embedded OpenID Connect issuer: discovery, its keys, and `POST /rotate`, from this machine, for new ones.
///
/// Rotation publishes new keys beside the last ones: tokens out of the time before are good until the next rotation. With
/// `?drop=1` the old keys go at once.
final class Issuer: Router {
    let url: String
    private let folder: StandInFolder
    private var current: [SigningKey]
    private var previous: [SigningKey] = []
    private var routes: [Route] = []

    /// Takes the keys in the folder, and makes those that are not there.
    init(url: String, folder: StandInFolder) throws {
        self.url = url
        self.folder = folder
        self.current = try [
            Self.loadOrMake(.rsa2048, folder.signingKey, folder),
            Self.loadOrMake(.p256, folder.curveSigningKey, folder),
        ]
        self.routes = [
            Route(.GET, "/.well-known/openid-configuration") { _, _ in BufferedEndpoint(.json(self.document)) },
            Route(.GET, "/keys") { _, _ in BufferedEndpoint { _ in .json(self.keys) } },
            Route(.POST, "/rotate") { request, _ in BufferedEndpoint { _ in self.rotate(request) } },
        ]
    }

    func endpoint(for request: Request) -> any Endpoint {
        routes.endpoint(for: request)
    }

    /// The RSA key that tokens are signed with now.
    var signingKey: SigningKey { current[0] }

    private var document: JSON {
        [
            "issuer": .string(url), "jwks_uri": .string(url + "/keys"),
            "authorization_endpoint": .string(url + "/authorize"), "token_endpoint": .string(url + "/token"),
            "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nbf", "groups"],
        ]
    }

    private var keys: JSON {
        ["keys": .array((current + previous).map(\.jwk))]
    }

    private func rotate(_ request: Request) -> Response {
        guard request.fromLoopback else { return .failure(.forbidden, "keys are rotated from this machine only") }
        do {
            let made = try [SigningKey(PrivateKey(generating: .rsa2048)), SigningKey(PrivateKey(generating: .p256))]
            try folder.write(made[0].key.pem(), to: folder.signingKey, secret: true)
            try folder.write(made[1].key.pem(), to: folder.curveSigningKey, secret: true)
            previous = request.isTrue("drop") ? [] : current
            current = made
            return .json(keys)
        } catch {
            return .failure(.internalServerError, "\(error)")
        }
    }

    private static func loadOrMake(
        _ kind: PrivateKey.Kind, _ file: String, _ folder: StandInFolder
    ) throws -> SigningKey {
        if let pem = try? folder.read(file) { return try SigningKey(PrivateKey(pem: pem)) }
        let key = try PrivateKey(generating: kind)
        try folder.write(key.pem(), to: file, secret: true)
        return try SigningKey(key)
    }
}
