// SPDX-License-Identifier: Apache-2.0

/// kube-apiserver's rules for the keys of extra attributes: a domain, a slash, a path, all in lower case, and no domain of
/// Kubernetes' own (k8s.io/apimachinery/pkg/util/validation, IsDomainPrefixedPath).
enum ExtraKey {
    static func problems(_ key: String, at path: String) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        let parts = key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if key.isEmpty {
            problems.append(.required(path))
        } else if parts.count != 2 || parts.contains(where: \.isEmpty) {
            problems.append(.invalid(path, key, "must be a domain-prefixed path (such as \"acme.io/foo\")"))
        } else {
            if !isSubdomain(parts[0]) {
                problems.append(.invalid(path, String(parts[0]), "the domain must be a lowercase RFC 1123 subdomain"))
            }
            if !parts[1].utf8.allSatisfy(isPathByte) {
                problems.append(
                    .invalid(path, String(parts[1]), "the path holds characters that RFC 3986 does not have"))
            }
        }
        if key.unicodeScalars.contains(where: { $0.properties.lowercaseMapping != String($0) }) {
            problems.append(.invalid(path, key, "must be lowercase"))
        }
        if parts.count == 2, isKubernetes(parts[0]) {
            problems.append(
                .invalid(path, key, "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use"))
        }
        return problems
    }

    private static func isKubernetes(_ domain: Substring) -> Bool {
        ["kubernetes.io", "k8s.io"].contains { domain == $0 || domain.hasSuffix("." + $0) }
    }

    /// RFC 1123: labels of letters, digits and inner hyphens; 253 bytes at most.
    private static func isSubdomain(_ text: Substring) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.first != UInt8(ascii: "-") && label.utf8.last != UInt8(ascii: "-")
                && label.utf8.allSatisfy { isLowercaseOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        isLowercaseOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || "/-._~%!$&'()*+,;=:".utf8.contains(byte)
    }
}
