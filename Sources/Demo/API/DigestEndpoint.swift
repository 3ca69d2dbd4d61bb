// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// `/digest`: how many bytes the request's body had, and their SHA-256.
final class DigestEndpoint: Endpoint {
    private let digest = SHA256Digest()

    func received(_ bytes: ByteBuffer, _ reply: Reply) {
        digest.update(bytes.readableBytesView)
    }

    func receivedEnd(_ reply: Reply) {
        let count = digest.byteCount
        reply.answer(.json(["bytes": .int(count), "sha256": .string(digest.finish())]))
    }
}
