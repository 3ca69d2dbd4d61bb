// SPDX-License-Identifier: Apache-2.0

import Shared

/// How far the API server's response has come.
struct ResponseProgress {
    /// How far its head was looked through.
    var scan = HeadScan()
    private(set) var head: ResponseHead?
    var body: BodyRelay?
    private let buffers: BufferPool
    private var interimCount = 0

    /// Interim responses to one request. A server has two or three to give.
    private static let mostInterim = 32

    init(buffers: BufferPool) {
        self.buffers = buffers
    }

    /// An interim response was dealt with: the next head starts anew.
    mutating func interimDone() {
        scan = HeadScan()
        interimCount += 1
    }

    /// Whether one more would be a flood.
    var hasEnoughInterim: Bool { interimCount >= Self.mostInterim }

    /// The final head was passed on, and its body comes next.
    mutating func begin(_ head: ResponseHead, framing: MessageFraming, body: consuming BodyRelay) {
        self.head = head
        isDelimited = framing != .untilClose
        self.body = body
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
