// SPDX-License-Identifier: Apache-2.0

/// The last token of one client connection with its digest, so that the next request with the same one need not be hashed
/// again: of a small request's own work, SHA-256 was the largest part.
///
/// It decides nothing. Whatever is known about a token is looked up by its digest as before; here the same bytes give the
/// same digest. The token is kept no longer than its connection, and not while that is held by a watch.
final class TokenMemo {
    private var token: [UInt8] = []
    private var known = TokenDigest()

    func digest(of bytes: Span<UInt8>) -> TokenDigest {
        let last = token
        if !last.isEmpty, TokenDigester.areEqual(bytes, last.span) { return known }
        known = TokenDigester.digest(bytes)
        // In place where it fits: most clients have one token, of one length, until it expires.
        token.removeAll(keepingCapacity: token.capacity >= bytes.count)
        token.reserveCapacity(bytes.count)
        for index in bytes.indices { token.append(bytes[index]) }
        return known
    }
}
