// SPDX-License-Identifier: Apache-2.0

/// Who may come without credentials, and where: kube-apiserver's `anonymous` of its configuration file. With conditions
/// only the paths that they name are open, to the letter of the decoded path.
struct AnonymousAccess {
    private let user: Identity
    /// Empty: every path.
    private let paths: [[UInt8]]

    /// nil: it is off.
    init?(_ rule: KubernetesDocument.Anonymous) {
        guard rule.enabled,
            let header = try? ImpersonationHeader.render(UserInfo.anonymous, limits: IdentityLimits())
        else { return nil }
        user = Identity(
            user: UserInfo.anonymous, impersonationHeader: header, expiresAt: .infinity, believedUntil: .infinity,
            issuer: -1, keyThumbprint: TokenDigest())
        paths = rule.paths.map { Array($0.utf8) }
    }

    /// nil: that path needs credentials.
    func identity(for path: ByteRange, in bytes: ByteView) -> Identity? {
        guard !paths.isEmpty else { return user }
        return paths.contains { isSame($0, path, in: bytes) } ? user : nil
    }

    private func isSame(_ wanted: [UInt8], _ path: ByteRange, in bytes: ByteView) -> Bool {
        var text = PathText(path, in: bytes)
        for byte in wanted where text.next() != byte { return false }
        return text.next() == nil
    }
}
