// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// Everything that the configuration says about who a client is, checked and compiled: the same for every process that
/// is given the same configuration.
struct AuthenticationPolicy {
    static let maximumIssuers = ControlProtocol.maxIssuers

    /// In the order of the configuration; empty if there are problems, so that nobody is let in by half a configuration.
    let issuers: [IssuerPolicy]
    let anonymous: KubernetesDocument.Anonymous
    let allowedSystemNames: Set<ExactName>
    /// In lower case; empty: any.
    let tokenTypes: Set<String>
    let problems: [FieldProblem]
    let warnings: [FieldProblem]

    init(_ configuration: AuthenticationConfiguration) {
        let problems = FieldProblems()
        var document = KubernetesDocument()
        if let file = configuration.file { document = KubernetesDocument(file, problems: problems) }
        if let flags = configuration.oidc { document.jwt.append(JWTAuthenticator(flags)) }
        let issuers = Self.check(document, problems)
        let isSound = problems.list.isEmpty
        self.issuers = isSound ? issuers : []
        anonymous = isSound ? document.anonymous : .init()
        self.problems = problems.list
        warnings = document.jwt.enumerated().compactMap { index, entry in
            guard !entry.egressSelectorType.isEmpty else { return nil }
            return FieldProblem(
                path: "jwt[\(index)].issuer.egressSelectorType",
                text: "has no effect here: the issuer is reached directly")
        }
        allowedSystemNames = Set(configuration.allowedSystemNames.map(ExactName.init))
        tokenTypes = Set(configuration.tokenTypes.map(Self.tokenType))
    }

    private static func check(_ document: KubernetesDocument, _ problems: FieldProblems) -> [IssuerPolicy] {
        guard document.jwt.count <= maximumIssuers else {
            problems.add(.tooMany("jwt", document.jwt.count, atMost: maximumIssuers))
            return []
        }
        var issuers: [IssuerPolicy] = []
        for (index, entry) in document.jwt.enumerated() {
            let path = "jwt[\(index)]"
            if let mapper = IssuerRules(path: path, entry: entry, problems: problems).check() {
                issuers.append(IssuerPolicy(entry, mapper: mapper))
            }
            let earlier = document.jwt[..<index]
            if earlier.contains(where: { $0.issuerURL.isExactly(entry.issuerURL) }) {
                problems.add(.duplicate("\(path).issuer.url", entry.issuerURL))
            }
            if !entry.discoveryURL.isEmpty,
                earlier.contains(where: { $0.discoveryURL.isExactly(entry.discoveryURL) })
            {
                problems.add(.duplicate("\(path).issuer.discoveryURL", entry.discoveryURL))
            }
        }
        if !document.anonymous.enabled, !document.anonymous.paths.isEmpty {
            problems.add(
                .invalid(
                    "anonymous.conditions", document.anonymous.paths.joined(separator: ","),
                    "enabled should be set to true when conditions are defined"))
        }
        return issuers
    }

    /// What a token says must not make its bearer a component of the cluster. kube-apiserver leaves this to the rules in
    /// its file; a gateway's own credential may impersonate anybody, so here it is the default.
    func checkReserved(_ user: UserInfo) throws(Refusal) {
        for name in [user.username] + user.groups where name.utf8.starts(with: UserInfo.reservedPrefix.utf8) {
            guard allowedSystemNames.contains(ExactName(string: name)) else {
                throw Refusal(.reservedName, "a user or group of the reserved prefix system:")
            }
        }
    }

    /// A `typ` as it is compared: without `application/` (RFC 7515 section 4.1.9), in lower case.
    static func tokenType(_ type: String) -> String {
        let type = type.lowercased()
        return type.hasPrefix("application/") ? String(type.dropFirst(12)) : type
    }
}
