// SPDX-License-Identifier: Apache-2.0

/// Whom a request wants to act as, out of its `Impersonate-` fields.
///
/// As kube-apiserver reads them (k8s.io/apiserver/pkg/endpoints/filters/impersonation, 1.36), but where that takes the
/// first of several users, an extra key as it stands when it cannot be decoded, or a field it does not know for nothing,
/// the request is refused: another reader might see another user.
struct ImpersonationRequest: Equatable {
    let user: String
    private(set) var uid: String?
    private(set) var groups: [String] = []
    /// In the order of the fields.
    private(set) var extra: [(key: String, value: String)] = []

    /// What is wrong with the fields, for the client.
    struct Fault: Error, Equatable {
        let message: String
    }

    /// Extra keys by which the API server, and its audit log, are told who really asks.
    enum OriginalKey {
        static let prefix = "lychgate-original-"
        static let user = prefix + "user"
        static let uid = prefix + "uid"
        static let groups = prefix + "groups"
        static let all: Set<ExactName> = [
            ExactName(string: user), ExactName(string: uid), ExactName(string: groups),
        ]
    }

    private static let userField = "Impersonate-User"
    private static let groupField = "Impersonate-Group"
    private static let uidField = "Impersonate-Uid"
    private static let extraPrefix = "impersonate-extra-"
    private static let serviceAccountPrefix = "system:serviceaccount:"
    private static let anonymousUser = "system:anonymous"
    private static let unauthenticatedGroup = "system:unauthenticated"

    /// Reads the `Impersonate-` fields of a head.
    init(_ fields: FieldTable, in bytes: ByteView) throws(Fault) {
        var collected: [(name: String, value: String)] = []
        for index in 0..<fields.count where fields[index].known == .impersonate {
            collected.append((try Self.text(bytes[fields[index].name]), try Self.text(bytes[fields[index].value])))
        }
        try self.init(collected)
    }

    init(_ fields: [(name: String, value: String)]) throws(Fault) {
        var user: String?
        for (name, value) in fields {
            let name = name.lowercased()
            guard !value.isEmpty else { throw Fault(message: "\(name) is empty") }
            switch name {
            case "impersonate-user":
                guard user == nil else { throw Fault(message: "Impersonate-User is there twice") }
                user = value
            case "impersonate-uid":
                guard uid == nil else { throw Fault(message: "Impersonate-Uid is there twice") }
                uid = value
            case "impersonate-group": groups.append(value)
            case let name where name.hasPrefix(Self.extraPrefix):
                let key = try Self.key(name.utf8.dropFirst(Self.extraPrefix.utf8.count))
                // A user's extras are kept by their keys, and these two would be one there.
                guard !extra.contains(where: { $0.key == key && !$0.key.isExactly(key) }) else {
                    throw Fault(message: "the keys of two Impersonate-Extra- fields only look alike")
                }
                extra.append((key, value))
            default: throw Fault(message: "\(name) is no field of impersonation")
            }
        }
        guard let user else {
            throw Fault(message: "impersonating groups, a uid or extras without impersonating a user")
        }
        self.user = user
    }

    private static func text(_ bytes: ByteView) throws(Fault) -> String {
        var copy: [UInt8] = []
        bytes.append(to: &copy)
        guard let text = String(validating: copy, as: UTF8.self) else {
            throw Fault(message: "an Impersonate- field is not UTF-8")
        }
        return text
    }

    /// An extra key, percent-decoded.
    private static func key(_ encoded: some Sequence<UInt8>) throws(Fault) -> String {
        let fault = Fault(message: "the key of an Impersonate-Extra- field is not well percent-encoded UTF-8")
        var decoded: [UInt8] = []
        var iterator = encoded.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
                throw fault
            }
            decoded.append(high << 4 | low)
        }
        guard let key = String(validating: decoded, as: UTF8.self), !key.isEmpty else { throw fault }
        guard key.allSatisfy({ !$0.isUppercase }), !key.unicodeScalars.contains(where: { $0.value < 0x21 }) else {
            throw Fault(message: "the key of an Impersonate-Extra- field holds capitals or control characters")
        }
        guard !key.utf8.starts(with: OriginalKey.prefix.utf8) else {
            throw Fault(message: "extra keys that begin with \(OriginalKey.prefix) are the gateway's own")
        }
        return key
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    // MARK: What follows

    /// The namespace and name of the service account that the user is, if it is one (`serviceaccount.SplitUsername`).
    private var serviceAccount: (namespace: String, name: String)? {
        guard user.hasPrefix(Self.serviceAccountPrefix) else { return nil }
        let parts = user.dropFirst(Self.serviceAccountPrefix.count).split(
            separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isLabel(parts[0]), parts[1].utf8.count <= 253,
            parts[1].split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ Self.isLabel($0, 253) })
        else { return nil }
        return (String(parts[0]), String(parts[1]))
    }

    /// RFC 1123 label.
    private static func isLabel(_ text: Substring, _ maximum: Int = 63) -> Bool {
        let isAlphanumeric = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= maximum else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// All that must be allowed, each once.
    var checks: [ImpersonationCheck] {
        var checks: [ImpersonationCheck] = []
        if let (namespace, name) = serviceAccount {
            checks.append(
                ImpersonationCheck(
                    field: Self.userField, group: "", resource: "serviceaccounts", namespace: namespace, name: name))
        } else {
            checks.append(ImpersonationCheck(field: Self.userField, group: "", resource: "users", name: user))
        }
        let authentication = ImpersonationCheck.authenticationGroup
        if let uid {
            checks.append(
                ImpersonationCheck(field: Self.uidField, group: authentication, resource: "uids", name: uid))
        }
        checks += groups.map {
            ImpersonationCheck(field: Self.groupField, group: "", resource: "groups", name: $0)
        }
        checks += extra.map {
            ImpersonationCheck(
                field: "Impersonate-Extra-" + ImpersonationHeader.escape($0.key), group: authentication,
                resource: "userextras", subresource: $0.key, name: $0.value)
        }
        var distinct: [ImpersonationCheck] = []
        for check in checks where !distinct.contains(check) { distinct.append(check) }
        return distinct
    }

    /// Whom the API server is to see once all is allowed, with whoever really asks in the extras.
    func impersonated(by original: UserInfo) -> UserInfo {
        var result = UserInfo(username: user)
        result.uid = uid
        result.groups = groups
        if groups.isEmpty, let (namespace, _) = serviceAccount {
            result.groups = ["system:serviceaccounts", "system:serviceaccounts:" + namespace]
        }
        let isUnauthenticated = result.groups.contains { $0.isExactly(Self.unauthenticatedGroup) }
        if user.isExactly(Self.anonymousUser) {
            if !isUnauthenticated { result.groups.append(Self.unauthenticatedGroup) }
        } else if !isUnauthenticated {
            result = result.authenticated
        }
        for (key, value) in extra { result.extra[key, default: []].append(value) }
        result.extra[OriginalKey.user] = [original.username]
        if let uid = original.uid, !uid.isEmpty { result.extra[OriginalKey.uid] = [uid] }
        if !original.groups.isEmpty { result.extra[OriginalKey.groups] = original.groups }
        return result
    }

    static func == (left: Self, right: Self) -> Bool {
        left.checks == right.checks
    }
}
