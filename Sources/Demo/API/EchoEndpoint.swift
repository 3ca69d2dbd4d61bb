// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// `/echo`: sends the request's body back while it comes, no faster than the client takes it; with a length if the request
/// had one, chunked if it was chunked.
final class EchoEndpoint: Endpoint {
    func begin(_ reply: Reply) {
        let headers = reply.request.headers
        let contentType = headers.first(name: "content-type") ?? "application/octet-stream"
        let length = reply.request.isChunked ? nil : headers.first(name: "content-length").flatMap(Int.init) ?? 0
        reply.begin(contentType: contentType, length: length)
    }

    func received(_ bytes: ByteBuffer, _ reply: Reply) {
        reply.write(bytes)
        if !reply.isWritable { reply.setReading(false) }
    }

    func writable(_ reply: Reply) {
        reply.setReading(true)
    }

    func receivedEnd(_ reply: Reply) {
        reply.finish()
    }
}
