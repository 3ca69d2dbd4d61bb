// SPDX-License-Identifier: Apache-2.0

import Shared

/// Renders a user as a front proxy tells kube-apiserver of one
/// (`k8s.io/apiserver/pkg/authentication/request/headerrequest`): name, uid, a field for each group and for each value of
/// an extra, whose key is percent-encoded behind the prefix.
///
/// Every accepted identity has been rendered as impersonation before, which refuses what a field cannot carry: control
/// characters, and white space at the ends. All else goes as its UTF-8.
enum IdentityFieldLines {
    /// Complete lines, each with its CRLF.
    static func render(_ user: UserInfo, _ names: ListenerConfiguration.IdentityFields) -> [UInt8] {
        var lines: [UInt8] = []
        append(names.user, user.username, to: &lines)
        if let uid = user.uid, !uid.isEmpty { append(names.uid, uid, to: &lines) }
        for group in user.groups { append(names.group, group, to: &lines) }
        for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) {
            for value in values { append(names.extraPrefix + ImpersonationHeader.escape(key), value, to: &lines) }
        }
        return lines
    }

    private static func append(_ name: String, _ value: String, to lines: inout [UInt8]) {
        lines += name.utf8
        lines += ": ".utf8
        lines += value.utf8
        lines += "\r\n".utf8
    }
}
