// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared

/// What can be wrong with the URLs of the configuration.
enum ServerURL {
    /// The API server's URL: `https://HOST[:PORT]`, or `http://` for a loopback address.
    static func complaint(aboutUpstream text: String) -> String? {
        let advice = "write https://HOST[:PORT] instead"
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty else {
            return "`\(text)` is no URL of a server; \(advice)"
        }
        if url.user != nil || url.password != nil {
            return "holds user information; \(advice), and name a credential by tokenFile or clientCertificateFile"
        }
        guard url.path.isEmpty || url.path == "/", url.query == nil, url.fragment == nil else {
            return "`\(text)` has a path, which is not supported; \(advice)"
        }
        if let port = url.port, !(1...65_535).contains(port) {
            return "port \(port) does not exist; write one from 1 to 65535"
        }
        switch url.scheme?.lowercased() {
        case "https"?:
            return nil
        case "http"?:
            return Self.isLoopback(host)
                ? nil : "`\(text)` would send credentials in the clear; write https:// (http:// is for loopback only)"
        default:
            return "`\(text)` is no https URL; \(advice)"
        }
    }

    /// The issuer's URL, by the rules of kube-apiserver's `AuthenticationConfiguration` (`validateIssuerURL`): https, no
    /// user information, no query, no fragment.
    static func complaint(aboutIssuer text: String) -> String? {
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty else {
            return "`\(text)` is no URL; write https://HOST[:PORT][/PATH], exactly as in the tokens' `iss`"
        }
        if url.user != nil || url.password != nil {
            return "holds user information; write the URL without it"
        }
        guard url.scheme?.lowercased() == "https" else {
            return "`\(text)` is not https; write an https:// URL instead"
        }
        guard url.query == nil, url.fragment == nil else {
            return "`\(text)` has a query or a fragment; write the URL without it"
        }
        return nil
    }

    /// An endpoint of an authorization server (RFC 7662 section 2): https, no user information, no fragment.
    static func complaint(aboutEndpoint text: String) -> String? {
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty,
            url.scheme?.lowercased() == "https", url.fragment == nil
        else {
            return "`\(text)` is no https URL; write https://HOST[:PORT]/PATH instead"
        }
        if url.user != nil || url.password != nil {
            return "holds user information; write the URL without it"
        }
        return nil
    }

    static func isPlain(_ text: String) -> Bool {
        text.lowercased().hasPrefix("http://")
    }

    private static func isLoopback(_ host: String) -> Bool {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host[...]
        if bare == "localhost" {
            return true
        }
        return SocketAddress(host: String(bare), port: 0)?.isLoopback ?? false
    }
}
