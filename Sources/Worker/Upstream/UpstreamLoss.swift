// SPDX-License-Identifier: Apache-2.0

/// What it means for a request that its way to the API server ended before the response did.
enum UpstreamLoss: Equatable {
    /// Nobody knows what the server has made of it.
    case ended
    /// The server has said that it never looked at it: REFUSED_STREAM, or a number above GOAWAY's last (RFC 9113
    /// section 8.7).
    case unprocessed
    /// The server did not answer PING.
    case silent
    /// The server broke a rule.
    case invalid(HTTPFault)

    var isInvalid: Bool {
        if case .invalid = self { true } else { false }
    }
}
