// SPDX-License-Identifier: Apache-2.0

import Shared

/// Where the API server is: `https://HOST[:PORT]` taken apart.
struct UpstreamTarget: Equatable {
    let isTLS: Bool
    /// Without brackets.
    let host: String
    let port: UInt16
    /// What requests carry as Host.
    let authority: [UInt8]

    /// The server of an http(s) URL, whatever its path.
    init?(endpoint url: String) {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let end = url[scheme.upperBound...].firstIndex { "/?#".contains($0) } ?? url.endIndex
        self.init(String(url[..<end]))
    }

    init?(_ server: String) {
        let rest: Substring
        if server.hasPrefix("https://") {
            isTLS = true
            rest = server.dropFirst(8)
        } else if server.hasPrefix("http://") {
            isTLS = false
            rest = server.dropFirst(7)
        } else {
            return nil
        }
        let authority = rest.hasSuffix("/") ? rest.dropLast() : rest
        guard !authority.isEmpty, !authority.contains(where: { "/?#@ ".contains($0) }) else { return nil }
        self.authority = Array(authority.utf8)
        let standard: UInt16 = isTLS ? 443 : 80
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            let tail = authority[authority.index(after: end)...]
            if tail.isEmpty {
                port = standard
            } else {
                guard tail.hasPrefix(":"), let number = UInt16(tail.dropFirst()) else { return nil }
                port = number
            }
        } else if let colon = authority.firstIndex(of: ":") {
            guard let number = UInt16(authority[authority.index(after: colon)...]) else { return nil }
            host = String(authority[..<colon])
            port = number
        } else {
            host = String(authority)
            port = standard
        }
        guard !host.isEmpty else { return nil }
    }
}
