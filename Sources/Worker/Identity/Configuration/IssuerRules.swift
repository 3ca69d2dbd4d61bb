// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// kube-apiserver's validation of one entry of `jwt`, which compiles its expressions on the way
/// (k8s.io/apiserver/pkg/apis/apiserver/validation, validation.go).
struct IssuerRules {
    let path: String
    let entry: JWTAuthenticator
    let problems: FieldProblems

    /// What the entry means; nil: some expression could not be compiled.
    func check() -> ClaimMapper? {
        checkIssuer()
        let claimRules = checkClaimRules()
        let mapper = checkMappings(claimRules)
        let userRules = checkUserRules()
        guard var mapper, let claimRules, let userRules else { return nil }
        mapper.claimRules = claimRules
        mapper.userRules = userRules
        return mapper
    }

    // MARK: Issuer

    private func checkIssuer() {
        let path = "\(path).issuer"
        let url = entry.issuerURL
        if url.isEmpty {
            problems.add(.required("\(path).url"))
        } else {
            for complaint in IssuerURL.complaints(about: url) { problems.add(.invalid("\(path).url", url, complaint)) }
        }
        checkDiscovery("\(path).discoveryURL")
        checkAudiences(path)
        if !entry.certificateAuthority.isEmpty,
            case .certificate(let complaint) = CertificateCheck.complaint(
                aboutAuthorities: .text(entry.certificateAuthority))
        {
            problems.add(.invalid("\(path).certificateAuthority", "<omitted>", complaint))
        }
        if !["", "controlplane", "cluster"].contains(where: { $0.isExactly(entry.egressSelectorType) }) {
            problems.add(
                .invalid(
                    "\(path).egressSelectorType", entry.egressSelectorType,
                    "egress selector must be either controlplane or cluster"))
        }
    }

    private func checkDiscovery(_ path: String) {
        let discovery = entry.discoveryURL
        guard !discovery.isEmpty else { return }
        if !entry.issuerURL.isEmpty, Self.withoutSlashes(entry.issuerURL).isExactly(Self.withoutSlashes(discovery)) {
            problems.add(.invalid(path, discovery, "discoveryURL must be different from URL"))
        }
        for complaint in IssuerURL.complaints(about: discovery) { problems.add(.invalid(path, discovery, complaint)) }
    }

    private static func withoutSlashes(_ url: String) -> String {
        var url = url[...]
        while url.utf8.last == UInt8(ascii: "/") { url.removeLast() }
        return String(url)
    }

    private func checkAudiences(_ issuerPath: String) {
        let path = "\(issuerPath).audiences"
        guard !entry.audiences.isEmpty else {
            return problems.add(.required(path, "at least one \(path) is required"))
        }
        for (index, audience) in entry.audiences.enumerated() {
            if audience.isEmpty { problems.add(.required("\(path)[\(index)]")) }
            if entry.audiences[..<index].contains(where: { $0.isExactly(audience) }) {
                problems.add(.duplicate("\(path)[\(index)]", audience))
            }
        }
        let policy = entry.audienceMatchPolicy
        if entry.audiences.count > 1, policy != "MatchAny" {
            problems.add(
                .invalid(
                    "\(issuerPath).audienceMatchPolicy", policy,
                    "audienceMatchPolicy must be MatchAny for multiple audiences"))
        } else if !policy.isEmpty, policy != "MatchAny" {
            problems.add(
                .invalid(
                    "\(issuerPath).audienceMatchPolicy", policy,
                    "audienceMatchPolicy must be empty or MatchAny for single audience"))
        }
    }

    // MARK: Rules

    private func checkClaimRules() -> [ClaimMapper.ClaimRule]? {
        var rules: [ClaimMapper.ClaimRule] = []
        var isWhole = true
        for (index, rule) in entry.claimRules.enumerated() {
            let path = "\(path).claimValidationRules[\(index)]"
            let earlier = entry.claimRules[..<index]
            switch (rule.claim.isEmpty, rule.expression.isEmpty) {
            case (false, false): problems.add(.invalid(path, rule.claim, "claim and expression can't both be set"))
            case (true, true): problems.add(.required(path, "claim or expression is required"))
            case (false, true):
                if !rule.message.isEmpty {
                    problems.add(.invalid("\(path).message", rule.message, "may not be specified when claim is set"))
                }
                if earlier.contains(where: { $0.expression.isEmpty && $0.claim.isExactly(rule.claim) }) {
                    problems.add(.duplicate("\(path).claim", rule.claim))
                }
                rules.append(.value(claim: rule.claim, rule.requiredValue))
            case (true, false):
                if !rule.requiredValue.isEmpty {
                    problems.add(
                        .invalid(
                            "\(path).requiredValue", rule.requiredValue, "may not be specified when expression is set"))
                }
                if earlier.contains(where: { $0.claim.isEmpty && $0.expression.isExactly(rule.expression) }) {
                    problems.add(.duplicate("\(path).expression", rule.expression))
                } else if let expression = compile(rule.expression, .claims, .boolean, "\(path).expression") {
                    rules.append(.expression(expression, message: rule.message))
                } else {
                    isWhole = false
                }
            }
        }
        return isWhole ? rules : nil
    }

    private func checkUserRules() -> [ClaimMapper.UserRule]? {
        var rules: [ClaimMapper.UserRule] = []
        var isWhole = true
        for (index, rule) in entry.userRules.enumerated() {
            let path = "\(path).userValidationRules[\(index)].expression"
            if rule.expression.isEmpty {
                problems.add(.required(path))
            } else if entry.userRules[..<index].contains(where: { $0.expression.isExactly(rule.expression) }) {
                problems.add(.duplicate(path, rule.expression))
            } else if let expression = compile(rule.expression, .user, .boolean, path) {
                rules.append(ClaimMapper.UserRule(expression: expression, message: rule.message))
            } else {
                isWhole = false
            }
        }
        return isWhole ? rules : nil
    }

    private func compile(
        _ text: String, _ variable: ClaimExpression.Variable, _ result: ClaimExpression.Result, _ path: String
    ) -> ClaimExpression? {
        do throws(FieldProblem) {
            return try ClaimExpression(text, over: variable, yields: result, at: path)
        } catch {
            problems.add(error)
            return nil
        }
    }

    // MARK: Mappings

    private func checkMappings(_ claimRules: [ClaimMapper.ClaimRule]?) -> ClaimMapper? {
        let path = "\(path).claimMappings"
        let username = checkMapping(entry.username, "\(path).username", isRequired: true)
        let groups = checkMapping(entry.groups, "\(path).groups", isRequired: false)
        let uid = checkUID("\(path).uid")
        let extra = checkExtra("\(path).extra")
        if case .expression(let expression) = username, expression.usesClaim("email") {
            let others = (extra ?? []).map(\.expression) + (claimRules ?? []).compactMap(\.expression)
            if !([expression] + others).contains(where: { $0.usesClaim("email_verified") }) {
                problems.add(
                    .invalid(
                        "\(path).username.expression", expression.text,
                        "claims.email_verified must be used in claimMappings.username.expression or"
                            + " claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when"
                            + " claims.email is used in claimMappings.username.expression"))
            }
        }
        guard let username, let groups, let uid, let extra else { return nil }
        return ClaimMapper(username: username, groups: groups, uid: uid, extra: extra)
    }

    private func checkMapping(
        _ mapping: JWTAuthenticator.PrefixedMapping, _ path: String, isRequired: Bool
    ) -> ClaimMapper.Source? {
        switch (mapping.claim.isEmpty, mapping.expression.isEmpty) {
        case (false, false):
            problems.add(.invalid(path, "", "claim and expression can't both be set"))
            return nil
        case (true, true):
            if isRequired { problems.add(.required(path, "claim or expression is required")) }
            return isRequired ? nil : .nothing
        case (true, false):
            if let prefix = mapping.prefix {
                problems.add(.invalid("\(path).prefix", prefix, "may not be specified when expression is set"))
            }
            return compile(mapping.expression, .claims, .anything, "\(path).expression").map { .expression($0) }
        case (false, true):
            if mapping.prefix == nil {
                problems.add(
                    .required(
                        "\(path).prefix",
                        "prefix is required when claim is set. It can be set to an empty string to disable prefixing"))
            }
            return .claim(mapping.claim, prefix: mapping.prefix ?? "")
        }
    }

    private func checkUID(_ path: String) -> ClaimMapper.Source? {
        if !entry.uid.claim.isEmpty, !entry.uid.expression.isEmpty {
            problems.add(.invalid(path, "", "claim and expression can't both be set"))
            return nil
        }
        if !entry.uid.claim.isEmpty { return .claim(entry.uid.claim, prefix: "") }
        if entry.uid.expression.isEmpty { return .nothing }
        return compile(entry.uid.expression, .claims, .anything, "\(path).expression").map { .expression($0) }
    }

    private func checkExtra(_ path: String) -> [ClaimMapper.Extra]? {
        var extra: [ClaimMapper.Extra] = []
        var isWhole = true
        for (index, mapping) in entry.extra.enumerated() {
            let path = "\(path)[\(index)]"
            for problem in ExtraKey.problems(mapping.key, at: "\(path).key") { problems.add(problem) }
            if entry.extra[..<index].contains(where: { $0.key.isExactly(mapping.key) }) {
                problems.add(.duplicate("\(path).key", mapping.key))
            } else if mapping.valueExpression.isEmpty {
                problems.add(.required("\(path).valueExpression"))
            } else if let expression = compile(mapping.valueExpression, .claims, .anything, "\(path).valueExpression") {
                extra.append(ClaimMapper.Extra(key: mapping.key, expression: expression))
            } else {
                isWhole = false
            }
        }
        return isWhole ? extra : nil
    }
}
