// SPDX-License-Identifier: Apache-2.0

import Shared

/// What must hold between a listener's mode and its other settings.
struct ListenerRules {
    let report: LoadReport

    func check(_ listener: ListenerConfiguration, _ path: String) {
        for (index, text) in listener.trustedProxies.enumerated() where AddressRange(text) == nil {
            self.report.blame(
                self.element("\(path).trustedProxies", index),
                "`\(text)` is no IP address or range; write one such as 10.0.0.7, 10.0.0.0/8 or fd00::/8")
        }
        self.checkFields(listener.identityFields, path)
        self.onlyWith(.forwardAuth, "identityFields", listener, path)
        self.onlyWith(.tokenReview, "audiences", listener, path)
        self.onlyWith(.tokenReview, "callerTokenFile", listener, path)
        if listener.mode != .proxy, !listener.trustedProxies.isEmpty {
            self.report.blame(
                "\(path).trustedProxies", "has no meaning with mode: \(listener.mode.rawValue); leave it out")
        }
        let isLoopback = listener.address.flatMap { SocketAddress($0) }?.isLoopback ?? false
        if listener.mode == .tokenReview, listener.callerTokenFile == nil, !isLoopback {
            self.report.blame(
                "\(path).callerTokenFile",
                "is missing, and only a loopback address may do without: whoever can ask could try out tokens;"
                    + " write the file of the token that API servers have, or an `address` on 127.0.0.1")
        }
    }

    private func onlyWith(
        _ mode: ListenerConfiguration.Mode, _ key: String, _ listener: ListenerConfiguration, _ path: String
    ) {
        guard listener.mode != mode, self.report.isWritten("\(path).\(key)") else { return }
        self.report.blame(
            "\(path).\(key)", "has a meaning with mode: \(mode.rawValue) only; leave it out, or write that mode")
    }

    /// They become fields of an answer, and are a proxy's to put into a request: none may be one that says something else
    /// there, or twice the same.
    private func checkFields(_ fields: ListenerConfiguration.IdentityFields, _ path: String) {
        let named = [
            ("user", fields.user), ("uid", fields.uid), ("group", fields.group), ("extraPrefix", fields.extraPrefix),
        ]
        for (index, (key, name)) in named.enumerated() {
            let place = "\(path).identityFields.\(key)"
            let isPlain = name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
            if !isPlain || !name.contains("-") || name.utf8.count > 64 {
                self.report.blame(
                    place, "is no name for it; write letters, digits and at least one `-`, such as X-Remote-User")
            } else if named[..<index].contains(where: { $0.1.lowercased() == name.lowercased() }) {
                self.report.blame(place, "`\(name)` is another one's name already; write another name")
            } else if Self.taken.contains(name.lowercased()) {
                self.report.blame(place, "`\(name)` means something else in HTTP; write another name")
            }
        }
    }

    private static let taken: Set<String> = [
        "audit-id", "cache-control", "content-length", "content-type", "keep-alive", "retry-after",
        "transfer-encoding", "www-authenticate", "x-content-type-options",
    ]

    private func element(_ path: String, _ index: Int) -> String {
        self.report.isWritten("\(path)[\(index)]") ? "\(path)[\(index)]" : path
    }
}
