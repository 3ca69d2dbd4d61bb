// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// `/bytes?n=N[&chunked=1]`: N bytes as fast as the client takes them, with a length, or chunked with the SHA-256 as a
/// trailer.
final class BytesEndpoint: Endpoint {
    private static let pieceSize = 32 * 1_024

    private let chunked: Bool
    private var left: Int
    private var pattern = PatternBytes()
    private let digest = SHA256Digest()

    init(count: Int, chunked: Bool) {
        self.left = count
        self.chunked = chunked
    }

    func receivedEnd(_ reply: Reply) {
        if chunked {
            reply.begin(contentType: "application/octet-stream", headers: ["trailer": "X-Sha256"])
        } else {
            reply.begin(contentType: "application/octet-stream", length: left)
        }
        writable(reply)
    }

    func writable(_ reply: Reply) {
        while left > 0, reply.isWritable {
            let piece = pattern.next(min(left, Self.pieceSize))
            left -= piece.readableBytes
            if chunked { digest.update(piece.readableBytesView) }
            reply.write(piece)
        }
        guard left == 0, !reply.isFinished else { return }
        reply.finish(trailers: chunked ? ["X-Sha256": digest.finish()] : nil)
    }
}
