// SPDX-License-Identifier: Apache-2.0

/// A semantic version (semver.org, 2.0.0). Build metadata is read but counts for nothing.
package struct SemanticVersion: Hashable, Sendable {
    let major: UInt64
    let minor: UInt64
    let patch: UInt64
    let prerelease: [Identifier]

    enum Identifier: Hashable, Sendable {
        case number(UInt64)
        case text(String)
    }

    /// Strict. Nil if malformed.
    init?(_ text: String) {
        guard text.utf8.count <= 256 else { return nil }
        var rest = Substring(text)
        if let plus = rest.utf8.firstIndex(of: UInt8(ascii: "+")) {
            let build = rest[rest.utf8.index(after: plus)...].split(separator: ".", omittingEmptySubsequences: false)
            guard build.allSatisfy(Self.isIdentifier) else { return nil }
            rest = rest[..<plus]
        }
        var prerelease: [Identifier] = []
        if let dash = rest.utf8.firstIndex(of: UInt8(ascii: "-")) {
            let parts = rest[rest.utf8.index(after: dash)...].split(separator: ".", omittingEmptySubsequences: false)
            for part in parts {
                guard Self.isIdentifier(part) else { return nil }
                if part.unicodeScalars.allSatisfy(\.isDigit) {
                    guard let number = Self.number(part) else { return nil }
                    prerelease.append(.number(number))
                } else {
                    prerelease.append(.text(String(part)))
                }
            }
            rest = rest[..<dash]
        }
        let numbers = rest.split(separator: ".", omittingEmptySubsequences: false).map(Self.number)
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else {
            return nil
        }
        self.major = major
        self.minor = minor
        self.patch = patch
        self.prerelease = prerelease
    }

    /// Kubernetes' lenient form: a leading "v", missing minor and patch numbers and leading zeros are put right first.
    init?(lenient text: String) {
        var parts = (text.hasPrefix("v") ? text.dropFirst() : Substring(text))
            .split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        if parts.count < 3 {
            guard !parts[parts.count - 1].utf8.contains(where: { "+-".utf8.contains($0) }) else { return nil }
            parts += [String](repeating: "0", count: 3 - parts.count)
        }
        let normalised = parts.map { part -> String in
            guard part.utf8.count > 1 else { return part }
            let stripped = part.drop { $0 == "0" }
            return stripped.unicodeScalars.first?.isDigit ?? false ? String(stripped) : "0" + stripped
        }
        self.init(normalised.joined(separator: "."))
    }

    private static func number(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.unicodeScalars.allSatisfy(\.isDigit) else { return nil }
        guard text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0") else { return nil }
        return UInt64(text)
    }

    private static func isIdentifier(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { ($0.isIdentifierStart && $0 != "_") || $0.isDigit || $0 == "-" }
    }

    /// Precedence (section 11 of the specification).
    func compare(_ other: SemanticVersion) -> Ordering {
        for (a, b) in [(major, other.major), (minor, other.minor), (patch, other.patch)] where a != b {
            return Ordering(a, b)
        }
        if prerelease.isEmpty || other.prerelease.isEmpty {
            return Ordering(prerelease.isEmpty ? 1 : 0, other.prerelease.isEmpty ? 1 : 0)
        }
        for (a, b) in zip(prerelease, other.prerelease) where a != b {
            switch (a, b) {
            case (.number(let a), .number(let b)): return Ordering(a, b)
            case (.number, .text): return .before
            case (.text, .number): return .after
            case (.text(let a), .text(let b)): return Text.precedes(a, b) ? .before : .after
            }
        }
        return Ordering(prerelease.count, other.prerelease.count)
    }
}
