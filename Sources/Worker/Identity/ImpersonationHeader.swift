// SPDX-License-Identifier: Apache-2.0

/// Renders a user as client-go's impersonating round tripper does (k8s.io/client-go/transport/round_trippers.go):
/// user, uid, groups, extras, the extras' keys percent-escaped.
enum ImpersonationHeader {
    static func render(_ user: UserInfo, limits: IdentityLimits) throws(Refusal) -> [UInt8] {
        // The API server takes an empty Impersonate-User for none, and would serve the request as the gateway itself.
        guard !user.username.isEmpty else { throw Refusal(.usernameMissing, "username is empty") }
        guard user.groups.count <= limits.groups else {
            throw Refusal(
                .tooManyGroups, "the user is in \(user.groups.count) groups, and at most \(limits.groups) are passed on"
            )
        }
        // Who really asks is told in extras of ours, which have the groups' own bound.
        let extras = user.extra.reduce(0) { count, extra in
            ImpersonationRequest.OriginalKey.all.contains(ExactName(string: extra.key))
                ? count : count + extra.value.count
        }
        guard extras <= limits.extras else {
            throw Refusal(
                .tooManyExtras, "the user has \(extras) extra values, and at most \(limits.extras) are passed on")
        }
        var header: [UInt8] = []
        try append("Impersonate-User", user.username, to: &header)
        if let uid = user.uid, !uid.isEmpty { try append("Impersonate-Uid", uid, to: &header) }
        for group in user.groups { try append("Impersonate-Group", group, to: &header) }
        for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) {
            let name = "Impersonate-Extra-" + escape(key)
            for value in values { try append(name, value, to: &header) }
        }
        guard header.count <= limits.impersonationBytes else {
            throw Refusal(
                .identityTooLarge,
                "the user takes \(header.count) bytes of header, and at most \(limits.impersonationBytes) are passed on"
            )
        }
        return header
    }

    private static func append(_ name: String, _ value: String, to header: inout [UInt8]) throws(Refusal) {
        guard isCarriable(value) else {
            throw Refusal(.notCarriable, "\(name) holds a control character or begins or ends with white space")
        }
        header.append(contentsOf: name.utf8)
        header.append(contentsOf: ": ".utf8)
        header.append(contentsOf: value.utf8)
        header.append(contentsOf: "\r\n".utf8)
    }

    /// Whether a header field carries the value unchanged. White space at either end is trimmed by every receiver, which
    /// would make the user `admin ` into `admin`, and ` ` into nobody.
    private static func isCarriable(_ value: String) -> Bool {
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return false }
        return value.utf8.first != 0x20 && value.utf8.last != 0x20
    }

    /// client-go's `headerKeyEscape`: bytes that a field name cannot hold, and `%`, as `%XX`. The API server lower-cases the
    /// name before it unescapes it.
    static func escape(_ key: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var escaped: [UInt8] = []
        for byte in key.utf8 {
            if isTokenByte(byte), byte != UInt8(ascii: "%") {
                escaped.append(byte)
            } else {
                escaped += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    /// RFC 9110 section 5.6.2 `tchar`.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default:
            "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
