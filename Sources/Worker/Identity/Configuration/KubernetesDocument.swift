// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// A file of `kind: AuthenticationConfiguration` as it was written, decoded strictly and not yet checked any further.
struct KubernetesDocument: Equatable {
    static let apiVersions = ["apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1"]
    static let kind = "AuthenticationConfiguration"
    /// Deep enough for every document of this kind.
    static let maximumDepth = 32

    var jwt: [JWTAuthenticator] = []
    var anonymous = Anonymous()

    /// Who may come without credentials.
    struct Anonymous: Equatable {
        var enabled = false
        /// Only these, to the letter; none: all.
        var paths: [String] = []
    }

    init() {}

    init(_ file: AuthenticationConfiguration.KubernetesFile, problems: FieldProblems) {
        for path in file.repeatedKeys {
            problems.add(.decoding(path, "key \(JSONValue.quoted(Self.lastKey(path))) already set in map"))
        }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(Array(file.document.utf8), maximumDepth: Self.maximumDepth)
        } catch {
            problems.add(FieldProblem(path: "", text: "the document is not acceptable: \(error)"))
            return
        }
        guard let root = value.object else {
            problems.add(FieldProblem(path: "", text: "the document is not a mapping"))
            return
        }
        read(root, problems)
    }

    private mutating func read(_ root: JSONObject, _ problems: FieldProblems) {
        let reader = FieldReader(
            root, path: "", known: ["apiVersion", "kind", "jwt", "anonymous"], problems: problems)
        let version = reader.string("apiVersion")
        let kind = reader.string("kind")
        if kind.isEmpty {
            problems.add(FieldProblem(path: "kind", text: "Object 'Kind' is missing"))
        } else if !kind.isExactly(Self.kind) || !Self.apiVersions.contains(where: { $0.isExactly(version) }) {
            problems.add(
                FieldProblem(
                    path: kind.isExactly(Self.kind) ? "apiVersion" : "kind",
                    text: "no kind \(JSONValue.quoted(kind)) is registered for version \(JSONValue.quoted(version));"
                        + " write \(Self.kind) of \(Self.apiVersions.joined(separator: " or "))"))
        }
        jwt = reader.objects(
            "jwt", known: ["issuer", "claimValidationRules", "claimMappings", "userValidationRules"]
        ).map { JWTAuthenticator($0) }
        guard reader.contains("anonymous") else { return }
        let anonymous = reader.object("anonymous", known: ["enabled", "conditions"])
        self.anonymous = Anonymous(
            enabled: anonymous.boolean("enabled"),
            paths: anonymous.objects("conditions", known: ["path"]).map { $0.string("path") })
    }

    private static func lastKey(_ path: String) -> String {
        path.split(separator: ".").last.map(String.init) ?? path
    }
}
