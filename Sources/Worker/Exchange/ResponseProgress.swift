// SPDX-License-Identifier: Apache-2.0

import Shared

/// How far the API server's response has come.
struct ResponseProgress {
    private(set) var scan = HeadScan()
    private(set) var head: ResponseHead?
    var body: BodyRelay?
    private let buffers: BufferPool
    private var interimCount = 0

    /// Interim responses to one request. A server has two or three to give.
    private static let mostInterim = 32

    init(buffers: BufferPool) {
        self.buffers = buffers
    }

    /// Looks for the response's head in what was received.
    mutating func parse(_ bytes: ByteView, fields: FieldTable, to method: HTTPMethod) -> ResponseParse {
        ResponseHeadParser.parse(bytes, scan: &scan, into: fields, limits: Self.limits, to: method)
    }

    /// An interim response was dealt with: the next head starts anew.
    mutating func interimDone() {
        scan = HeadScan()
        interimCount += 1
    }

    /// Whether one more would be a flood.
    var hasEnoughInterim: Bool { interimCount >= Self.mostInterim }

    /// The final head was passed on, and its body comes next. `boundary`: where that may be ended early.
    mutating func begin(_ head: ResponseHead, framing: MessageFraming, boundary: BodyBoundary? = nil) {
        self.head = head
        isDelimited = framing != .untilClose
        body = BodyRelay(from: head.framing, to: framing, boundary: boundary)
    }

    mutating func reset() {
        scan = HeadScan()
        interimCount = 0
        head = nil
        body = nil
    }

    /// Whether the upstream connection may carry another request after this response.
    var keepsUpstream: Bool { head?.keepAlive ?? false }

    /// Whether the client can tell a cut body from a whole one by its framing.
    private(set) var isDelimited = true

    var bodyBytes: UInt64 { body?.moved ?? 0 }

    /// The API server is not held to the limits that clients are configured with; these are its own.
    static let limits = HeadLimits(startLine: 8_192, head: 65_536, fields: 128)
}
