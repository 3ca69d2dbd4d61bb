// SPDX-License-Identifier: Apache-2.0

/// Who a client is, as Kubernetes has it (k8s.io/apiserver/pkg/authentication/user.Info).
struct UserInfo: Equatable, Sendable {
    var username: String
    var uid: String?
    var groups: [String] = []
    var extra: [String: [String]] = [:]

    /// Kubernetes' own names.
    static let authenticatedGroup = "system:authenticated"
    static let reservedPrefix = "system:"
    static let credentialIDKey = "authentication.kubernetes.io/credential-id"
}
