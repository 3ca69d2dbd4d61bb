// SPDX-License-Identifier: Apache-2.0

/// A client that writes HTTP/2 frames of its own making over TLS and can leave in any way. It keeps no state of the
/// protocol's but the streams' numbers: what is allowed is the test's business. Deliberately plain, and independent of
/// the library that it tests.
package final class HTTP2Client: @unchecked Sendable {
    /// RFC 9113 section 6.
    package enum Kind: UInt8, Sendable {
        case data = 0
        case headers = 1
        case priority = 2
        case resetStream = 3
        case settings = 4
        case pushPromise = 5
        case ping = 6
        case goAway = 7
        case windowUpdate = 8
        case continuation = 9
    }

    package struct Frame: Sendable {
        /// nil: of an unknown type.
        package let kind: Kind?
        package let flags: UInt8
        package let stream: Int
        package let payload: [UInt8]

        package var endsStream: Bool { (kind == .data || kind == .headers) && flags & 1 != 0 }
        /// Of RST_STREAM.
        package var code: Int { number(at: 0) }
        /// Of GOAWAY.
        package var lastStream: Int { number(at: 0) }
        package var reason: Int { number(at: 4) }

        private func number(at offset: Int) -> Int {
            payload.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | Int($1) }
        }
    }

    package let wire: Wire
    private let authority: String
    private var buffer: [UInt8] = []
    private var nextStream = 1

    /// Connects and says its preface; `window`: of each stream, for what the server sends.
    package init(
        to endpoint: Endpoint, tls: TLSContext, window: Int = 65_535, receiveBuffer: Int32? = nil
    ) throws(HarnessError) {
        wire = try RawClient.connect(to: endpoint, tls: tls, receiveBuffer: receiveBuffer).wire
        authority = "\(endpoint)"
        wire.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        // SETTINGS_INITIAL_WINDOW_SIZE; then a connection window that nothing of a test's size fills.
        send(.settings, payload: [0, 4] + Self.bytes(window))
        send(.windowUpdate, payload: Self.bytes(1 << 30))
    }

    // MARK: Sending

    package func send(_ kind: Kind, flags: UInt8 = 0, stream: Int = 0, payload: [UInt8] = []) {
        wire.write(Self.frame(kind, flags: flags, stream: stream, payload: payload), by: .after(.seconds(10)))
    }

    package static func frame(_ kind: Kind, flags: UInt8 = 0, stream: Int = 0, payload: [UInt8] = []) -> [UInt8] {
        Array(bytes(payload.count).dropFirst()) + [kind.rawValue, flags] + bytes(stream) + payload
    }

    /// Sends a request's head on the next stream, whose number is returned. `endsHeaders`: or only the begin of it;
    /// `behind`: further frames in the same write.
    package func request(
        _ method: String = "GET", _ target: String, token: String?, fields: [(String, String)] = [],
        endsStream: Bool = true, endsHeaders: Bool = true, behind: (Int) -> [UInt8] = { _ in [] }
    ) -> Int {
        let stream = nextStream
        nextStream += 2
        var all = [(":method", method), (":scheme", "https"), (":authority", authority), (":path", target)]
        if let token { all.append(("authorization", "Bearer " + token)) }
        let flags: UInt8 = (endsStream ? 1 : 0) | (endsHeaders ? 4 : 0)
        let head = Self.frame(.headers, flags: flags, stream: stream, payload: Self.block(all + fields))
        wire.write(head + behind(stream), by: .after(.seconds(10)))
        return stream
    }

    package func reset(_ stream: Int, code: Int = 8) {
        send(.resetStream, stream: stream, payload: Self.bytes(code))
    }

    /// Literals without indexing and without Huffman's code (RFC 7541 section 6.2.2).
    package static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + string($0) + string($1) }
    }

    private static func string(_ text: String) -> [UInt8] {
        var rest = text.utf8.count
        guard rest >= 127 else { return [UInt8(rest)] + text.utf8 }
        var length: [UInt8] = [127]
        rest -= 127
        while rest >= 128 {
            length.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return length + [UInt8(rest)] + text.utf8
    }

    private static func bytes(_ number: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    // MARK: Receiving

    /// The next frame; SETTINGS and PING are answered on the way. nil: the connection ended, or the deadline passed.
    package func next(by deadline: Deadline) -> Frame? {
        while true {
            if let frame = take() {
                let isAnswer = frame.flags & 1 != 0
                if frame.kind == .settings, !isAnswer { send(.settings, flags: 1) }
                if frame.kind == .ping, !isAnswer { send(.ping, flags: 1, payload: frame.payload) }
                return frame
            }
            guard case .bytes(let bytes) = wire.read(by: deadline) else { return nil }
            buffer += bytes
        }
    }

    private func take() -> Frame? {
        guard buffer.count >= 9 else { return nil }
        let length = buffer.prefix(3).reduce(0) { $0 << 8 | Int($1) }
        guard buffer.count >= 9 + length else { return nil }
        defer { buffer.removeFirst(9 + length) }
        return Frame(
            kind: Kind(rawValue: buffer[3]), flags: buffer[4],
            stream: buffer[5..<9].reduce(0) { $0 << 8 | Int($1) }, payload: Array(buffer[9..<9 + length]))
    }

    /// Reads up to the first frame that `isWanted`; nil: it never came.
    package func first(by deadline: Deadline, where isWanted: (Frame) -> Bool) -> Frame? {
        while let frame = next(by: deadline) {
            if isWanted(frame) { return frame }
        }
        return nil
    }

    /// How a stream ended, as the client sees it.
    package enum StreamEnd: Equatable, Sendable, CustomStringConvertible {
        /// A whole response, with its head's block.
        case response([UInt8])
        case reset(Int)
        /// Nothing of the kind came in time.
        case none

        package var description: String {
            switch self {
            case .response(let block): "answer \(HTTP2Client.status(of: block).map(String.init) ?? "?")"
            case .reset(let code): "RST_STREAM \(code)"
            case .none: "nothing"
            }
        }
    }

    /// Reads up to a stream's end.
    package func end(of stream: Int, by deadline: Deadline) -> StreamEnd {
        var block: [UInt8]?
        while let frame = next(by: deadline) {
            guard frame.stream == stream else { continue }
            if frame.kind == .resetStream { return .reset(frame.code) }
            if frame.kind == .headers, block == nil { block = frame.payload }
            if frame.endsStream { return .response(block ?? []) }
        }
        return .none
    }

    /// The status at the front of a response's header block, where it is one of the static table's or a literal of it
    /// (RFC 7541 appendix A); nil otherwise.
    package static func status(of block: [UInt8]) -> Int? {
        // The dynamic table may have been made smaller first.
        let block = block.drop { $0 & 0xe0 == 0x20 }
        guard let first = block.first else { return nil }
        let known = [0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500]
        if let status = known[Int(first)] { return status }
        let rest = Array(block.dropFirst())
        guard first & 0x3f == 8 || first & 0x0f == 8, let length = rest.first else { return nil }
        let text = Array(rest.dropFirst().prefix(Int(length & 0x7f)))
        return length & 0x80 == 0 ? Int(String(decoding: text, as: UTF8.self)) : digits(of: text)
    }

    /// Digits in HPACK's Huffman code (RFC 7541 appendix B): 0 to 2 have five bits, 3 to 9 six.
    private static func digits(of bytes: [UInt8]) -> Int? {
        var bits = bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }[...]
        var result = 0
        for _ in 0..<3 {
            guard bits.count >= 5 else { return nil }
            let five = bits.prefix(5).reduce(0) { $0 << 1 | Int($1) }
            if five <= 2 {
                result = result * 10 + five
                bits = bits.dropFirst(5)
            } else {
                guard bits.count >= 6 else { return nil }
                let six = bits.prefix(6).reduce(0) { $0 << 1 | Int($1) }
                guard (25...31).contains(six) else { return nil }
                result = result * 10 + six - 22
                bits = bits.dropFirst(6)
            }
        }
        return result
    }
}
