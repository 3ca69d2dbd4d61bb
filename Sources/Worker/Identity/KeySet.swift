// SPDX-License-Identifier: Apache-2.0

/// All issuers' keys of one generation: the keyring's keys document with its keys imported.
struct KeySet {
    let generation: UInt64
    let issuers: [IssuerKeys]

    /// No keys: what a worker has before the first document arrives.
    static var none: KeySet { KeySet(generation: 0, issuers: []) }

    init(generation: UInt64, issuers: [IssuerKeys]) {
        self.generation = generation
        self.issuers = issuers
    }

    /// Decodes `{"generation": 3, "issuers": [{"issuer": …, "fetchedAt": …, "fetches": 7, "keys": {"keys": […]}}]}`;
    /// `fetches` may be missing.
    init(document: [UInt8]) throws(KeySetError) {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONValue.parse(document)
        } catch {
            throw .json(error)
        }
        guard let root = root.object, root.count == 2 else { throw .malformed("not the keys document's members") }
        guard case .integer(let generation) = root["generation"], generation >= 0 else {
            throw .malformed("generation")
        }
        guard let entries = root["issuers"]?.array else { throw .malformed("issuers") }
        var issuers: [IssuerKeys] = []
        for entry in entries {
            guard let entry = entry.object, let issuer = entry["issuer"]?.string,
                case .integer(let fetchedAt) = entry["fetchedAt"], let jwks = entry["keys"]
            else { throw .malformed("an issuer's members") }
            var fetches: UInt64?
            if case .integer(let count) = entry["fetches"], count >= 0 { fetches = UInt64(count) }
            guard entry.count == (fetches == nil ? 3 : 4) else { throw .malformed("an issuer's members") }
            guard !issuers.contains(where: { $0.issuer.isExactly(issuer) }) else { throw .malformed("issuer twice") }
            issuers.append(
                try IssuerKeys(
                    issuer: issuer, fetchedAt: fetchedAt, fetches: fetches, jwks: jwks))
        }
        self.init(generation: UInt64(generation), issuers: issuers)
    }

    /// Keys of one issuer never verify another's tokens (RFC 8725 section 3.8).
    func keys(of issuer: String) -> IssuerKeys? {
        issuers.first { $0.issuer.isExactly(issuer) }
    }

    var thumbprints: Set<TokenDigest> {
        var all: Set<TokenDigest> = []
        for issuer in issuers {
            for key in issuer.keys { all.insert(key.thumbprint) }
        }
        return all
    }
}
