// SPDX-License-Identifier: Apache-2.0

/// What we need of an issuer's discovery document (OpenID Connect Discovery 1.0 section 4).
struct ProviderMetadata: Equatable {
    let keysAddress: String

    /// Where an issuer's document lies; one trailing slash of the issuer is dropped, as go-oidc does.
    static func address(of issuer: String) -> String {
        (issuer.utf8.last == UInt8(ascii: "/") ? String(issuer.dropLast()) : issuer)
            + "/.well-known/openid-configuration"
    }

    /// Section 4.3: the document's issuer must be the configured one to the letter.
    init(_ document: [UInt8], issuer: String) throws(FetchFailure) {
        guard let members = (try? JSONValue.parse(document))?.object else { throw .discoveryMalformed }
        guard let named = members["issuer"]?.string else { throw .discoveryMalformed }
        guard named.isExactly(issuer) else { throw .issuerMismatch }
        guard let address = members["jwks_uri"]?.string, Self.isPlainHTTPS(address) else { throw .keysAddress }
        keysAddress = address
    }

    /// An https URL with nothing in it that a URL parser might read in two ways.
    static func isPlainHTTPS(_ address: String) -> Bool {
        guard address.lowercased().utf8.starts(with: "https://".utf8), address.utf8.count > 8 else { return false }
        return address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
    }
}
