// SPDX-License-Identifier: Apache-2.0

/// One issuer, ready for use: where its keys are, what its tokens must be like, whom they stand for.
struct IssuerPolicy {
    let url: String
    /// Where its discovery document lies.
    let discoveryURL: String
    let authority: Authority
    let audiences: [String]
    let algorithms: Set<SignatureAlgorithm>
    let mapper: ClaimMapper

    /// Who may have signed the certificates of the issuer's servers.
    enum Authority: Equatable {
        case system
        case file(String)
        case pem(String)
    }

    init(_ entry: JWTAuthenticator, mapper: ClaimMapper) {
        url = entry.issuerURL
        discoveryURL =
            entry.discoveryURL.isEmpty ? ProviderMetadata.address(of: entry.issuerURL) : entry.discoveryURL
        if let file = entry.certificateAuthorityFile {
            authority = .file(file)
        } else {
            authority = entry.certificateAuthority.isEmpty ? .system : .pem(entry.certificateAuthority)
        }
        audiences = entry.audiences
        algorithms = entry.signingAlgorithms
        self.mapper = mapper
    }
}
