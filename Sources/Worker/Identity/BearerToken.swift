// SPDX-License-Identifier: Apache-2.0

/// Finds the token in an Authorization value as kube-apiserver does (`k8s.io/apiserver/pkg/authentication/request/bearertoken`):
/// the scheme in any case, one blank or more, then the token up to the next blank.
enum BearerToken {
    /// nil: the value has another scheme, or no token.
    static func find(_ value: ByteView) -> ByteView? {
        let scheme = ByteRange(from: 0, to: min(7, value.count))
        guard value.equals(scheme, ignoringCase: "bearer ") else { return nil }
        var start = 7
        while start < value.count, value[start] == 0x20 { start += 1 }
        let end = value.firstIndex(of: 0x20, from: start) ?? value.count
        return end > start ? value[ByteRange(from: start, to: end)] : nil
    }
}
