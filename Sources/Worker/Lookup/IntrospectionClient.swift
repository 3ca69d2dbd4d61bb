// SPDX-License-Identifier: Apache-2.0

import Shared

/// RFC 7662: asks an authorization server about a token, as a client with a secret (client_secret_basic) or with a key
/// (private_key_jwt, RFC 7523).
final class IntrospectionClient {
    private let configuration: IntrospectionConfiguration
    private let answer: IntrospectionAnswer
    private let reactor: Reactor
    private let addresses: UpstreamAddresses?
    private var watched: WatchedFiles
    private var credential: Credential?

    private enum Credential {
        case secret(String)
        case key(AssertionSigner)
    }

    /// How long an assertion may be used (RFC 7523 section 3).
    private static let assertionLife: Int64 = 60

    init(
        _ configuration: IntrospectionConfiguration, reactor: Reactor, limits: IdentityLimits,
        allowedSystemNames: [String]
    ) {
        self.configuration = configuration
        self.reactor = reactor
        answer = IntrospectionAnswer(configuration, limits: limits, allowedSystemNames: allowedSystemNames)
        addresses = UpstreamTarget(endpoint: configuration.url).map {
            UpstreamAddresses(reactor: reactor, target: $0)
        }
        watched = WatchedFiles([configuration.clientSecretFile, configuration.privateKeyFile].compactMap { $0 })
    }

    func stop() { addresses?.stop() }

    func read(_ reply: LookupReply, now: Double) -> Result<TokenVerdict, LookupFailure> {
        answer.read(reply, now: now)
    }

    /// The question about a token.
    func request(_ token: [UInt8]) throws(LookupFailure) -> LookupRequest {
        guard let address = addresses?.current else {
            throw .unavailable(addresses?.failure ?? "the endpoint's name is not resolved yet")
        }
        var request = LookupRequest(kind: .introspection, url: configuration.url, address: address)
        request.trust.authoritiesFile = configuration.caFile
        request.fields = ["Content-Type: application/x-www-form-urlencoded"]
        var body = "token=" + FormEncoding.encode(token) + "&token_type_hint=access_token"
        switch try currentCredential() {
        case .secret(let secret):
            // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
            let pair =
                FormEncoding.encode(Array(configuration.clientID.utf8)) + ":"
                + FormEncoding.encode(Array(secret.utf8))
            request.fields.append("Authorization: Basic " + FormEncoding.base64(Array(pair.utf8)))
        case .key(let signer):
            let assertion = try assertion(by: signer)
            body += "&client_id=" + FormEncoding.encode(Array(configuration.clientID.utf8))
            body += "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
            body += "&client_assertion=" + assertion
        }
        request.body = Array(body.utf8)
        return request
    }

    private func assertion(by signer: AssertionSigner) throws(LookupFailure) -> String {
        let now = reactor.kernel.wallClock()
        let quoted = JSONValue.quoted
        let identifier =
            String(UInt64.random(in: .min ... .max), radix: 16)
            + String(UInt64.random(in: .min ... .max), radix: 16)
        let client = quoted(configuration.clientID)
        let audience = quoted(configuration.assertionAudience ?? configuration.url)
        let claims =
            #"{"iss":\#(client),"sub":\#(client),"aud":\#(audience),"jti":"\#(identifier)","iat":\#(now),"#
            + #""exp":\#(Int64(now) + Self.assertionLife)}"#
        guard let token = signer.sign(claims, keyID: configuration.keyID) else {
            throw .unavailable("the assertion cannot be signed")
        }
        return token
    }

    private func currentCredential() throws(LookupFailure) -> Credential {
        if let credential, !watched.haveChanged() { return credential }
        do throws(Errno) {
            if let path = configuration.clientSecretFile {
                let bytes = try FileReader.read(path)
                let text = String(decoding: bytes, as: UTF8.self)
                credential = .secret(String(text.prefix { $0 != "\n" && $0 != "\r" && $0 != "\r\n" }))
            } else if let path = configuration.privateKeyFile {
                guard let signer = AssertionSigner(pem: try FileReader.read(path)) else {
                    throw Errno(22)
                }
                credential = .key(signer)
            }
        } catch {
            // What was good goes on until its successor is.
            if let credential { return credential }
            throw .unavailable("the client's secret or key cannot be read")
        }
        guard let credential else { throw .unavailable("no client credential") }
        return credential
    }
}
