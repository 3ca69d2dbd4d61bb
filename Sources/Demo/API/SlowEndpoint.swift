// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// `/slow?bytes=N&rate=R`: N bytes at R bytes a second, ten pieces a second.
final class SlowEndpoint: Endpoint {
    private var left: Int
    private let piece: Int
    private var pattern = PatternBytes()

    init(count: Int, rate: Int) {
        self.left = count
        self.piece = max(1, rate / 10)
    }

    func receivedEnd(_ reply: Reply) {
        reply.begin(contentType: "application/octet-stream", length: left)
        step(reply)
    }

    private func step(_ reply: Reply) {
        if reply.isWritable {
            let bytes = pattern.next(min(left, piece))
            left -= bytes.readableBytes
            reply.write(bytes)
        }
        if left == 0 {
            reply.finish()
        } else {
            reply.after(.milliseconds(100)) { self.step(reply) }
        }
    }
}
