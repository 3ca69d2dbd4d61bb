// SPDX-License-Identifier: Apache-2.0

/// Finds the token in an Authorization value as kube-apiserver does (`k8s.io/apiserver/pkg/authentication/request/bearertoken`):
/// the scheme in any case, one blank, then the token up to the next blank. Behind two blanks there is no token.
enum BearerToken {
    /// nil: the value has another scheme, or no token.
    static func find(_ value: ByteView) -> ByteView? {
        let scheme = ByteRange(from: 0, to: min(7, value.count))
        guard value.equals(scheme, ignoringCase: "bearer ") else { return nil }
        let start = 7
        let end = value.firstIndex(of: 0x20, from: start) ?? value.count
        return end > start ? value[ByteRange(from: start, to: end)] : nil
    }
}
