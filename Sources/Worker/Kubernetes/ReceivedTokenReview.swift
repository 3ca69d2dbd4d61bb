// SPDX-License-Identifier: Apache-2.0

/// A `TokenReview` as kube-apiserver's authentication webhook sends it
/// (`k8s.io/apiserver/plugin/pkg/authenticator/token/webhook`), and the answers to it.
///
/// kube-apiserver asks in `v1beta1` unless `--authentication-token-webhook-version=v1` is set; the two have the same
/// members, and each is answered in kind.
struct ReceivedTokenReview: Equatable {
    enum Problem: Error, Equatable {
        case json
        case version
        case member(String)
        case noToken

        /// Quotes nothing of what was sent.
        var message: String {
            switch self {
            case .json: "the body is not one JSON object without repeated members"
            case .version:
                "the body is not a TokenReview of authentication.k8s.io/v1 or authentication.k8s.io/v1beta1"
            case .member(let name): "the TokenReview's \(name) is not what it has to be"
            case .noToken: "the TokenReview's spec.token is empty"
            }
        }
    }

    private static let versions = ["authentication.k8s.io/v1", "authentication.k8s.io/v1beta1"]

    let apiVersion: String
    let token: [UInt8]
    /// What the token is to be good for, any of them; empty: whatever the one who answers takes.
    let audiences: [String]

    /// Reads it strictly: what is not known could be a condition that nobody then looks at.
    init(_ body: [UInt8]) throws(Problem) {
        guard let root = try? JSONValue.parse(body).object else { throw .json }
        guard root["kind"]?.string == "TokenReview",
            let version = root["apiVersion"]?.string.flatMap({ given in Self.versions.first { given.isExactly($0) } })
        else { throw .version }
        try Self.check(root, named: "members", among: ["apiVersion", "kind", "metadata", "spec", "status"])
        guard let spec = root["spec"]?.object else { throw .member("spec") }
        try Self.check(spec, named: "spec", among: ["audiences", "token"])
        guard let token = spec["token"]?.string else { throw .member("spec.token") }
        guard !token.isEmpty else { throw .noToken }
        apiVersion = version
        self.token = Array(token.utf8)
        switch spec["audiences"] {
        case nil, .null: audiences = []
        case .array(let values):
            let names = values.compactMap(\.string)
            guard names.count == values.count else { throw .member("spec.audiences") }
            audiences = names
        default: throw .member("spec.audiences")
        }
    }

    private static func check(
        _ object: JSONObject, named name: String, among known: [String]
    ) throws(Problem) {
        guard object.members.keys.allSatisfy({ member in known.contains { member.string.isExactly($0) } }) else {
            throw .member(name)
        }
    }

    /// The answer to an accepted token: yes, if it is good for one of the audiences that were asked for.
    ///
    /// - Parameter granted: what a token is good for besides what it names itself.
    func verdict(on user: UserInfo, audiences granted: [String]) -> [UInt8] {
        let good = granted + (audiences.isEmpty ? [] : TokenAudiences.find(in: token))
        let common = audiences.filter { wanted in good.contains { $0.isExactly(wanted) } }
        guard audiences.isEmpty || !common.isEmpty else {
            return refusal("the token is good for none of the audiences that were asked for")
        }
        var status = "\"authenticated\":true,\"user\":\(Self.text(user))"
        if !common.isEmpty { status += ",\"audiences\":\(Self.text(common))" }
        return document(status)
    }

    /// The answer to a token that is not accepted.
    func refusal(_ error: String) -> [UInt8] {
        document("\"authenticated\":false,\"error\":\(JSONValue.quoted(error))")
    }

    /// Never with the token in it.
    private func document(_ status: String) -> [UInt8] {
        Array(
            #"{"kind":"TokenReview","apiVersion":"\#(apiVersion)","metadata":{},"spec":{},"status":{\#(status)}}"#.utf8)
    }

    private static func text(_ user: UserInfo) -> String {
        var members = ["\"username\":\(JSONValue.quoted(user.username))"]
        if let uid = user.uid, !uid.isEmpty { members.append("\"uid\":\(JSONValue.quoted(uid))") }
        if !user.groups.isEmpty { members.append("\"groups\":\(text(user.groups))") }
        if !user.extra.isEmpty {
            let extras = user.extra.sorted { $0.key < $1.key }.map { "\(JSONValue.quoted($0.key)):\(text($0.value))" }
            members.append("\"extra\":{\(extras.joined(separator: ","))}")
        }
        return "{\(members.joined(separator: ","))}"
    }

    private static func text(_ values: [String]) -> String {
        "[\(values.map(JSONValue.quoted).joined(separator: ","))]"
    }
}
