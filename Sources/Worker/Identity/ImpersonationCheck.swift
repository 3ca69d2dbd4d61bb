// SPDX-License-Identifier: Apache-2.0

/// One thing that a user wants to impersonate, as kube-apiserver authorizes it: verb `impersonate` on a resource
/// (k8s.io/apiserver/pkg/endpoints/filters/impersonation, 1.36; all of version v1).
struct ImpersonationCheck: Equatable {
    /// The request's field that asks for it.
    let field: String
    let group: String
    let resource: String
    var subresource: String?
    var namespace: String?
    let name: String

    static let authenticationGroup = "authentication.k8s.io"

    /// To the byte: a name is not allowed because another one is that looks the same.
    static func == (left: Self, right: Self) -> Bool {
        left.texts.elementsEqual(right.texts) { left, right in
            guard let left, let right else { return left == nil && right == nil }
            return left.isExactly(right)
        }
    }

    private var texts: [String?] { [field, group, resource, subresource, namespace, name] }

    /// For a message: `Impersonate-User "bob" (users)`.
    var description: String { "\(field) \"\(name.prefix(64))\" (\(resource))" }
}
