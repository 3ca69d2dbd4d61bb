// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// Takes the whole body, then answers at once.
final class BufferedEndpoint: Endpoint {
    /// As the API server's own limit on a request's body, in bytes (k8s.io/apiserver, `MaxRequestBodyBytes`).
    static let maximumBody = 3 * 1_048_576

    private let answer: (ByteBuffer) -> Response
    private var body = ByteBuffer()

    init(_ answer: @escaping (ByteBuffer) -> Response) {
        self.answer = answer
    }

    convenience init(_ response: Response) {
        self.init { _ in response }
    }

    func received(_ bytes: ByteBuffer, _ reply: Reply) {
        guard body.readableBytes + bytes.readableBytes <= Self.maximumBody else {
            reply.answer(.failure(.payloadTooLarge, "the body is larger than \(Self.maximumBody) bytes"))
            return
        }
        var bytes = bytes
        body.writeBuffer(&bytes)
    }

    func receivedEnd(_ reply: Reply) {
        reply.answer(answer(body))
    }
}
