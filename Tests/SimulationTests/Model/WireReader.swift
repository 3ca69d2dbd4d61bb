// SPDX-License-Identifier: Apache-2.0

/// Takes HTTP/1 messages apart, for simulated clients and API servers. Simple and strict, and not the gateway's own
/// codec: an error that both made would not be seen.
struct WireReader {
    enum Event {
        case head(WireHead)
        case body([UInt8])
        case end
    }

    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
        case untilClose
    }

    private enum State {
        case head
        case headSeen
        case length(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailers
        case untilClose
    }

    private var buffer: [UInt8] = []
    private var position = 0
    private var state = State.head
    private(set) var error: String?

    var pending: Int { buffer.count - position }
    /// In the middle of a message.
    var isInside: Bool {
        if case .head = state { return pending > 0 }
        return true
    }

    mutating func append(_ bytes: [UInt8]) {
        if position > 4_096 {
            buffer.removeFirst(position)
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// Behind a head: what is there is no HTTP any more.
    mutating func takeRest() -> [UInt8] { take(.max) ?? [] }

    /// To be called after `head`: how the body comes.
    mutating func begin(_ framing: Framing) {
        switch framing {
        case .none: state = .length(0)
        case .length(let count): state = .length(count)
        case .chunked: state = .chunkSize
        case .untilClose: state = .untilClose
        }
    }

    /// The peer closes: whether that ends a body properly.
    mutating func streamEnded() -> Bool {
        if case .untilClose = state {
            state = .head
            return true
        }
        return false
    }

    /// nil: more is needed, or something is wrong.
    mutating func next() -> Event? {
        while error == nil {
            switch state {
            case .headSeen: return nil
            case .head:
                guard let head = readHead() else { return nil }
                state = .headSeen
                return .head(head)
            case .length(0):
                state = .head
                return .end
            case .length(let count):
                guard let bytes = take(count) else { return nil }
                state = .length(count - bytes.count)
                return .body(bytes)
            case .untilClose:
                guard let bytes = take(.max) else { return nil }
                return .body(bytes)
            case .chunkSize:
                guard let line = readLine() else { return nil }
                guard let size = Int(line, radix: 16), size >= 0, !line.hasPrefix("+") else {
                    error = "chunk size \(line)"
                    return nil
                }
                state = size == 0 ? .trailers : .chunk(size)
            case .chunk(let count):
                guard let bytes = take(count) else { return nil }
                state = bytes.count == count ? .chunkEnd : .chunk(count - bytes.count)
                return .body(bytes)
            case .chunkEnd:
                guard let line = readLine() else { return nil }
                if !line.isEmpty { error = "no line end behind a chunk" }
                state = .chunkSize
            case .trailers:
                guard let line = readLine() else { return nil }
                if line.isEmpty {
                    state = .head
                    return .end
                }
            }
        }
        return nil
    }

    private mutating func take(_ most: Int) -> [UInt8]? {
        guard pending > 0 else { return nil }
        let end = position + min(most, pending)
        defer { position = end }
        return Array(buffer[position..<end])
    }

    private mutating func readLine() -> String? {
        guard let end = find(from: position) else { return nil }
        defer { position = end + 2 }
        return String(decoding: buffer[position..<end], as: UTF8.self)
    }

    /// Where the next CRLF is.
    private func find(from start: Int) -> Int? {
        var index = start
        while index + 1 < buffer.count {
            if buffer[index] == 13, buffer[index + 1] == 10 { return index }
            index += 1
        }
        return nil
    }

    private mutating func readHead() -> WireHead? {
        var lines: [String] = []
        var start = position
        while let end = find(from: start) {
            if end == start {
                position = end + 2
                return WireHead(lines)
            }
            lines.append(String(decoding: buffer[start..<end], as: UTF8.self))
            start = end + 2
        }
        return nil
    }
}

/// The head of a message, in lines.
struct WireHead {
    let start: String
    private var fields: [(name: String, value: String)] = []

    init(_ lines: [String]) {
        start = lines.first ?? ""
        for line in lines.dropFirst() {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            let value = line[colon...].dropFirst().drop { $0 == " " }
            fields.append((line[..<colon].lowercased(), String(value)))
        }
    }

    var all: [(name: String, value: String)] { fields }

    func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    func names(withPrefix prefix: String) -> [String] { fields.map(\.name).filter { $0.hasPrefix(prefix) } }

    /// The framing that the fields ask for; nil: they contradict each other.
    var framing: WireReader.Framing? {
        let lengths = values("content-length")
        let codings = values("transfer-encoding")
        switch (lengths.count, codings.count) {
        case (0, 0): return WireReader.Framing.none
        case (1, 0): return Int(lengths[0]).map { .length($0) }
        case (0, 1): return codings[0] == "chunked" ? .chunked : nil
        default: return nil
        }
    }
}
