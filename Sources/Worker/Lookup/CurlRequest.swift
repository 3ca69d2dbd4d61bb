// SPDX-License-Identifier: Apache-2.0

import Shared

/// One document to be had over HTTP, in curl's terms: what differs between those who ask. What is the same for all stands
/// in `CurlTransfer`.
struct CurlRequest {
    /// Its host is the name that the server's certificate must hold.
    let url: String
    /// An http URL is refused.
    var requiresTLS = true
    /// Where to connect to instead of looking the host up; nil: curl looks it up.
    var address: SocketAddress?
    /// Complete fields, without CRLF. They may hold secrets.
    var fields: [String] = []
    /// nil: a GET.
    var body: [UInt8]?
    var trust = LookupTrust()
    /// Redirects that are followed, by https only.
    var redirects = 0
    /// Whether the connection may serve another transfer later.
    var keepsConnection = true
    /// Until the end of the whole transfer.
    let milliseconds: Int
    /// Until there is a connection.
    let connectMilliseconds: Int
    /// No answer may be longer.
    let maximumBytes: Int
}

/// Why there is no whole answer.
enum CurlFailure: Error, Equatable {
    case tooLarge
    case timedOut
    /// No connection, TLS refused, or the connection broke: curl's own words.
    case transfer(String)
}
