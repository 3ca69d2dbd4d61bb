// SPDX-License-Identifier: Apache-2.0

import Shared

/// One question to another service.
struct LookupRequest {
    let kind: LookupKind
    /// Its host is the name that the server's certificate must hold.
    let url: String
    /// Where to connect to instead of looking the host up; nil: curl looks it up.
    var address: SocketAddress?
    /// Complete fields, without CRLF. They may hold secrets.
    var fields: [String] = []
    /// nil: a GET.
    var body: [UInt8]?
    var trust = LookupTrust()

    /// No answer may be longer.
    static let maximumBytes = 1 << 20

    func transfer(milliseconds: Int) -> CurlRequest {
        CurlRequest(
            url: url, requiresTLS: url.hasPrefix("https:"), address: address, fields: fields, body: body, trust: trust,
            milliseconds: milliseconds, connectMilliseconds: milliseconds, maximumBytes: Self.maximumBytes)
    }
}

/// Whom to believe at the other end, and how to make oneself known there.
struct LookupTrust: Equatable {
    /// PEM; nil: the file, or else the system's authorities.
    var authorities: [UInt8]?
    var authoritiesFile: String?
    /// PEM of the client certificate with its intermediates, and of its key.
    var certificate: [UInt8]?
    var key: [UInt8]?
}

/// What a service has answered.
struct LookupReply: Equatable {
    let status: Int
    let body: [UInt8]
}
