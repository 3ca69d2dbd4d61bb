// SPDX-License-Identifier: Apache-2.0

/// Who a client is, as Kubernetes has it (k8s.io/apiserver/pkg/authentication/user.Info).
struct UserInfo: Equatable, Sendable {
    var username: String
    var uid: String?
    var groups: [String] = []
    var extra: [String: [String]] = [:]

    /// With `system:authenticated`, unless it is there (k8s.io/apiserver/pkg/authentication/group).
    var authenticated: UserInfo {
        guard !groups.contains(where: { $0.isExactly(Self.authenticatedGroup) }) else { return self }
        var user = self
        user.groups.append(Self.authenticatedGroup)
        return user
    }

    /// Who comes without credentials, where that is allowed (k8s.io/apiserver/pkg/authentication/request/anonymous).
    static let anonymous = UserInfo(username: "system:anonymous", groups: ["system:unauthenticated"])

    /// Kubernetes' own names.
    static let authenticatedGroup = "system:authenticated"
    static let reservedPrefix = "system:"
    static let credentialIDKey = "authentication.kubernetes.io/credential-id"
}
