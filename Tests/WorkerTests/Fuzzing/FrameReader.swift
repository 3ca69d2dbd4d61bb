// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

/// The server's side of an HTTP/2 connection as far as it reads: nghttp2, the walk over frames, and the heads that come
/// of header blocks, each answered with 200. What it reads, it reads whole.
final class FrameReader: HTTP2EngineOwner {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let pool: BufferPool
    private let fields = HTTP2FieldList(capacity: 16)
    private let parsed = FieldTable(capacity: 128)
    private var engine: HTTP2Engine?
    private var head = RequestHeadBuilder(limits: HeadLimits())
    private var trailers = TrailerBuilder()
    /// Heads on their way, by their streams.
    private var heads: [Int32: Buffer] = [:]
    private var known: Set<Int32> = []
    /// Requests that would have been served.
    private(set) var accepted = 0
    /// Everything that nghttp2 told of, in order, for comparison.
    private(set) var told: [UInt8] = []
    private let literals: LiteralMemo?

    /// - Parameter literals: what gives nghttp2 its bytes; nil: it gets them as they are.
    init(pool: BufferPool, literals: LiteralMemo? = nil) {
        self.pool = pool
        self.literals = literals
        engine = HTTP2Engine(owner: self, fields: fields, headLimit: HeadLimits().head)
    }

    /// Reads a client's bytes and writes what is to be answered.
    func read(_ bytes: [UInt8]) {
        var walk = HTTP2FrameWalk()
        ByteView.of(bytes) { view in
            var position = 0
            var frames = 0
            while walk.next(view, at: &position) != nil { frames += 1 }
            #expect(position == bytes.count && frames * 9 <= bytes.count)
        }
        guard let engine else { return }
        let output = Buffer(pool: pool)
        defer {
            output.discardAll()
            for buffer in heads.values { buffer.discardAll() }
            heads = [:]
        }
        var failure = ByteView.of(bytes) { bytes in
            literals.map { $0.feed(bytes, after: HTTP2FrameWalk(), to: engine) } ?? engine.receive(bytes)
        }
        note("read", 0, failure.map { "\($0)" } ?? "")
        // As many records as any input of a fuzzer's size can be answered with.
        for _ in 0..<64 where failure == nil && engine.wantsWrite {
            if engine.fill(output) == .failed { failure = .failed }
            output.discardAll()
        }
    }

    // MARK: What the engine tells

    private func note(_ what: StaticString, _ stream: Int32, _ more: String = "") {
        ByteView(what).append(to: &told)
        told += Array("\(stream) \(more);".utf8)
    }

    func blockBegins(_ stream: Int32) {
        note("block", stream)
        guard known.insert(stream).inserted else {
            trailers = TrailerBuilder()
            return
        }
        head.begin()
        heads[stream] = Buffer(pool: pool)
    }

    func field(_ name: ByteView, _ value: ByteView, of stream: Int32) -> Bool {
        note("field", stream)
        name.append(to: &told)
        told.append(0)
        value.append(to: &told)
        if let buffer = heads[stream] { head.add(name, value, to: buffer) } else { trailers.add(name, value) }
        return true
    }

    /// The text that fields have become is one request's head and nothing behind it: else one client's request could
    /// bring another's into the connection to the API server.
    func blockEnds(_ stream: Int32, endsStream: Bool) {
        note("end", stream, "\(endsStream)")
        guard let buffer = heads.removeValue(forKey: stream) else {
            _ = try? trailers.finish()
            return
        }
        head.finish(endsStream: endsStream, to: buffer)
        defer { buffer.discardAll() }
        guard head.fault == nil, !head.lacksMemory else { return }
        buffer.view { view in
            var scan = HeadScan()
            switch RequestHeadParser.parse(view, scan: &scan, into: parsed, limits: HeadLimits()) {
            case .complete(let request):
                accepted += 1
                #expect(request.headLength == view.count, "a head of \(request.headLength) of \(view.count) bytes")
            case .refused: break
            case .incomplete: Issue.record("a head without an end")
            }
        }
        fields.begin(status: 200)
        _ = engine?.submitResponse(stream, endsStream: true)
    }

    func dataArrived(_ data: ByteView, of stream: Int32) {
        note("data", stream, "\(data.count)")
        engine?.consumedByConnection(data.count)
        engine?.consumed(data.count, by: stream)
    }

    func settingsArrived() { note("settings", 0) }
    func pingAnswered() { note("pong", 0) }
    func streamEnded(_ stream: Int32) { note("ended", stream) }
    func ruleBroken(on stream: Int32) { note("broken", stream) }
    func resetProvoked(on stream: Int32) { note("provoked", stream) }
    func streamClosed(_ stream: Int32, code: UInt32) { note("closed", stream, "\(code)") }
    func goAwayWritten(_ code: UInt32) { note("goaway", 0, "\(code)") }
    func responseCameFirst(on stream: Int32) { note("first", stream) }
    func stream(_ stream: Int32) -> (any HTTP2BodySource)? { nil }
}
