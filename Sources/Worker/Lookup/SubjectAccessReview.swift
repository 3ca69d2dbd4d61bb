// SPDX-License-Identifier: Apache-2.0

/// `authorization.k8s.io/v1` SubjectAccessReview for one thing that a user wants to impersonate.
enum SubjectAccessReview {
    static let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

    /// The question; equal bytes are equal questions.
    static func body(of user: UserInfo, _ check: ImpersonationCheck) -> [UInt8] {
        let quoted = JSONValue.quoted
        var attributes = #""verb":"impersonate","group":\#(quoted(check.group)),"version":"v1""#
        attributes += #","resource":\#(quoted(check.resource)),"name":\#(quoted(check.name))"#
        if let subresource = check.subresource { attributes += #","subresource":"# + quoted(subresource) }
        if let namespace = check.namespace { attributes += #","namespace":"# + quoted(namespace) }
        var spec = #""resourceAttributes":{\#(attributes)},"user":"# + quoted(user.username)
        if let uid = user.uid, !uid.isEmpty { spec += #","uid":"# + quoted(uid) }
        if !user.groups.isEmpty { spec += #","groups":"# + list(user.groups) }
        if !user.extra.isEmpty {
            let members = user.extra.sorted { $0.key < $1.key }.map { quoted($0.key) + ":" + list($0.value) }
            spec += #","extra":{"# + members.joined(separator: ",") + "}"
        }
        return Array(
            #"{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{\#(spec)}}"#.utf8)
    }

    private static func list(_ values: [String]) -> String {
        "[" + values.map(JSONValue.quoted).joined(separator: ",") + "]"
    }

    static func read(_ reply: LookupReply) -> Result<AccessVerdict, LookupFailure> {
        guard (200...201).contains(reply.status) else { return .failure(.status(reply.status)) }
        guard let status = (try? JSONValue.parse(reply.body, maximumDepth: 32))?.object?["status"]?.object else {
            return .failure(.malformed("no SubjectAccessReview with a status"))
        }
        // An authorizer that failed and still allows is one that allows (responsewriters, filters/impersonation).
        return .success(AccessVerdict(isAllowed: status["allowed"] == .bool(true) && status["denied"] != .bool(true)))
    }
}
