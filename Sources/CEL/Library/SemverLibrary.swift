// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' semver library of version 1 (library/semverlib.go).
enum SemverLibrary {
    static var overloads: [Overload] {
        [
            .unary("semver", .string, to: .semver) { (text: String, _: inout Meter) throws(CELError) in
                guard let version = SemanticVersion(text) else { throw .failed("string is no semantic version") }
                return .semver(version)
            },
            .binary("semver", .string, .bool, to: .semver) {
                (text: String, isLenient: Bool, _: inout Meter) throws(CELError) in
                guard let version = isLenient ? SemanticVersion(lenient: text) : SemanticVersion(text) else {
                    throw .failed("string is no semantic version")
                }
                return .semver(version)
            },
            .unary("isSemver", .string, to: .bool) { (text: String, _: inout Meter) throws(CELError) in
                .bool(SemanticVersion(text) != nil)
            },
            .binary("isSemver", .string, .bool, to: .bool) {
                (text: String, isLenient: Bool, _: inout Meter) throws(CELError) in
                .bool((isLenient ? SemanticVersion(lenient: text) : SemanticVersion(text)) != nil)
            },
            part("major") { $0.major },
            part("minor") { $0.minor },
            part("patch") { $0.patch },
            .binary("isGreaterThan", isMember: true, .semver, .semver, to: .bool) {
                (a: SemanticVersion, b: SemanticVersion, _: inout Meter) throws(CELError) in
                .bool(a.compare(b) == .after)
            },
            .binary("isLessThan", isMember: true, .semver, .semver, to: .bool) {
                (a: SemanticVersion, b: SemanticVersion, _: inout Meter) throws(CELError) in
                .bool(a.compare(b) == .before)
            },
            .binary("compareTo", isMember: true, .semver, .semver, to: .int) {
                (a: SemanticVersion, b: SemanticVersion, _: inout Meter) throws(CELError) in a.compare(b).number
            },
        ]
    }

    private static func part(_ function: String, _ body: @escaping @Sendable (SemanticVersion) -> UInt64) -> Overload {
        .unary(function, isMember: true, .semver, to: .int) { (a: SemanticVersion, _: inout Meter) throws(CELError) in
            guard let number = Int64(exactly: body(a)) else { throw .range }
            return .int(number)
        }
    }
}

extension SemanticVersion: Argument {
    static func from(_ value: CELValue) -> SemanticVersion? {
        if case .semver(let value) = value { value } else { nil }
    }
}
