// SPDX-License-Identifier: Apache-2.0

/// An issuer's key set as it is handed to the workers: the usable keys only, public parts only, in a settled order, so that
/// equal sets are equal values however the provider writes them.
struct PublishedKeys {
    /// One JWK each, as JSON.
    let keys: [String]
    /// How many keys were left out, by reason.
    let skipped: [JSONWebKey.Problem: Int]

    /// Reads a provider's JWKS (RFC 7517 section 5).
    init(_ document: [UInt8]) throws(FetchFailure) {
        guard let value = try? JSONValue.parse(document) else { throw .keysMalformed }
        try self.init(value)
    }

    init(_ document: JSONValue) throws(FetchFailure) {
        guard let entries = document.object?["keys"]?.array else { throw .keysMalformed }
        var keys: Set<ExactName> = []
        var skipped: [JSONWebKey.Problem: Int] = [:]
        for (index, entry) in entries.enumerated() {
            do throws(JSONWebKey.Problem) {
                guard index < IssuerKeys.maximumKeys else { throw .tooMany }
                keys.insert(ExactName(string: try Self.text(JSONWebKey(entry))))
            } catch {
                skipped[error, default: 0] += 1
            }
        }
        guard !keys.isEmpty else { throw .noUsableKey }
        self.keys = keys.map(\.string).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        self.skipped = skipped
    }

    /// Whether the same keys are in both, to the byte: a `kid` of another spelling is another one.
    func hasSameKeys(as other: PublishedKeys) -> Bool { keys.elementsEqual(other.keys) { $0.isExactly($1) } }

    /// "weak=1 not-for-signatures=2", for the log.
    var skippedSummary: String {
        skipped.map { "\($0.key.rawValue)=\($0.value)" }.sorted().joined(separator: " ")
    }

    private static func text(_ key: JSONWebKey) -> String {
        var text = String(key.canonical.dropLast())
        if let keyID = key.keyID { text += #","kid":\#(JSONValue.quoted(keyID))"# }
        if let algorithm = key.algorithm { text += #","alg":"\#(algorithm.rawValue)""# }
        return text + "}"
    }
}
