// SPDX-License-Identifier: Apache-2.0

@testable import Worker

/// A connection's worth of requests, read as a worker reads them: bytes come in pieces, heads and bodies are taken off the
/// front of a buffer.
struct RequestStream {
    /// What came of the bytes: a line for each head and body, and why it ended.
    struct Outcome: Equatable {
        var events: [String] = []
        var fault: HTTPFault?
        /// The bytes ended within a message.
        var isTruncated = false
    }

    private(set) var outcome = Outcome()
    private var buffer: [UInt8] = []
    private var scan = HeadScan()
    private var body: BodyReader?
    private var data: [UInt8] = []
    private let table = FieldTable(capacity: 128)
    private let limits = HeadLimits()

    /// Reads `bytes` cut at the given offsets.
    static func read(_ bytes: [UInt8], cutAt cuts: [Int] = []) -> Outcome {
        var stream = RequestStream()
        var start = 0
        for end in cuts + [bytes.count] {
            stream.feed(bytes[start..<end])
            start = end
        }
        stream.outcome.isTruncated = stream.outcome.fault == nil && (stream.body != nil || !stream.buffer.isEmpty)
        return stream.outcome
    }

    private mutating func feed(_ piece: ArraySlice<UInt8>) {
        guard outcome.fault == nil else { return }
        buffer += piece
        while outcome.fault == nil {
            guard body == nil ? readHead() : readBody() else { return }
        }
    }

    private mutating func readHead() -> Bool {
        guard !buffer.isEmpty else { return false }
        var scan = scan
        let parse = CodecHarness.view(buffer) { bytes in
            RequestHeadParser.parse(bytes, scan: &scan, into: table, limits: limits)
        }
        self.scan = scan
        switch parse {
        case .incomplete:
            return false
        case .refused(let fault):
            outcome.fault = fault
            return false
        case .complete(let head):
            outcome.events.append("\(head)")
            buffer.removeFirst(head.headLength)
            body = BodyReader(head.framing)
            self.scan = HeadScan()
            return true
        }
    }

    private mutating func readBody() -> Bool {
        guard var reader = body else { return false }
        var position = 0
        let step = CodecHarness.view(buffer) { reader.next($0, at: &position) }
        body = reader
        switch step {
        case .data(let range):
            data += buffer[range.lowerBound..<range.upperBound]
        case .end(let trailers):
            outcome.events.append("\(data) \(buffer[trailers.lowerBound..<trailers.upperBound])")
            data = []
            body = nil
        case .refused(let fault):
            outcome.fault = fault
        case .needMore:
            break
        }
        buffer.removeFirst(position)
        return step != .needMore
    }
}
