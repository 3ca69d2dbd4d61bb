// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Reads HTTP/1.1 messages off a `Wire` in small, checked steps. Deliberately plain, and independent of the code it tests.
package final class HTTPReader: @unchecked Sendable {
    /// What the head says of the body that follows.
    package enum Framing: Equatable, Sendable {
        case none
        case sized(Int)
        case chunked
        case untilClose
    }

    package let wire: Wire
    private var buffer: [UInt8] = []
    private var start = 0

    package init(_ wire: Wire) {
        self.wire = wire
    }

    /// Bytes that came and were not asked for yet.
    package var pending: ArraySlice<UInt8> {
        buffer[start...]
    }

    /// Everything up to the empty line; throws what ended the wait.
    package func readHead(by deadline: Deadline) throws(ConnectionEnded) -> HTTPHead {
        // How many of the pending bytes are known to hold no end of a head.
        var searched = 0
        while true {
            if let end = endOfHead(from: start + searched) {
                let head = HTTPHead(buffer[start..<end])
                start = end
                guard let head else { throw ConnectionEnded(.reset, "a head that is none") }
                return head
            }
            searched = max(0, pending.count - 3)
            try fill(by: deadline, "a head")
        }
    }

    /// Some bytes, at most `limit`.
    package func readSome(upTo limit: Int = 65_536, by deadline: Deadline) throws(ConnectionEnded) -> ArraySlice<UInt8>
    {
        if start == buffer.count { try fill(by: deadline, "bytes") }
        let end = min(buffer.count, start + limit)
        defer { start = end }
        return buffer[start..<end]
    }

    /// A line without its CRLF.
    package func readLine(by deadline: Deadline) throws(ConnectionEnded) -> String {
        while true {
            if let feed = buffer[start...].firstIndex(of: 0x0a) {
                let line = String(decoding: buffer[start..<feed], as: UTF8.self)
                start = feed + 1
                return line.hasSuffix("\r") ? String(line.dropLast()) : line
            }
            try fill(by: deadline, "a line")
        }
    }

    /// Hands the body over in pieces; returns the trailers.
    package func readBody(
        _ framing: Framing, by deadline: Deadline, _ piece: (ArraySlice<UInt8>) -> Void
    ) throws(ConnectionEnded) -> [(name: String, value: String)] {
        switch framing {
        case .none: return []
        case .sized(let count):
            try readSized(count, by: deadline, piece)
            return []
        case .untilClose:
            while true {
                do throws(ConnectionEnded) {
                    piece(try readSome(by: deadline))
                } catch  where error.how == .finished {
                    return []
                }
            }
        case .chunked:
            while true {
                let line = try readLine(by: deadline)
                guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else {
                    throw ConnectionEnded(.reset, "'\(line)' for a chunk's size")
                }
                if size == 0 { break }
                try readSized(size, by: deadline, piece)
                guard try readLine(by: deadline).isEmpty else { throw ConnectionEnded(.reset, "a chunk without CRLF") }
            }
            var trailers: [(name: String, value: String)] = []
            while true {
                let line = try readLine(by: deadline)
                if line.isEmpty { return trailers }
                let parts = line.split(separator: ":", maxSplits: 1)
                trailers.append((String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""))
            }
        }
    }

    private func readSized(_ count: Int, by deadline: Deadline, _ piece: (ArraySlice<UInt8>) -> Void)
        throws(ConnectionEnded)
    {
        var left = count
        while left > 0 {
            let bytes = try readSome(upTo: min(left, 65_536), by: deadline)
            left -= bytes.count
            piece(bytes)
        }
    }

    /// The head of a response that answers `method`, and its body's framing (RFC 9112, section 6.3).
    package static func framing(of head: HTTPHead, answering method: String) -> Framing {
        if method == "HEAD" || head.status == 204 || head.status == 304 || head.status < 200 { return .none }
        return framingByFields(head) ?? .untilClose
    }

    /// The framing of a request's body.
    package static func framing(ofRequest head: HTTPHead) -> Framing {
        framingByFields(head) ?? .none
    }

    private static func framingByFields(_ head: HTTPHead) -> Framing? {
        if head.values("transfer-encoding").contains(where: { $0.lowercased().hasSuffix("chunked") }) {
            return .chunked
        }
        return head["content-length"].flatMap { Int($0) }.map { .sized($0) }
    }

    /// A whole response; only the wait for its head throws.
    package func readResponse(to method: String = "GET", by deadline: Deadline) throws(ConnectionEnded) -> HTTPResponse
    {
        var interim: [HTTPHead] = []
        var head = try readHead(by: deadline)
        while (100..<200).contains(head.status) && head.status != 101 {
            interim.append(head)
            head = try readHead(by: deadline)
        }
        let framing = Self.framing(of: head, answering: method)
        var body: [UInt8] = []
        var trailers: [(name: String, value: String)] = []
        var end: HTTPResponse.End = framing == .untilClose ? .closed : .complete
        do throws(ConnectionEnded) {
            trailers = try readBody(framing, by: deadline) { body += $0 }
        } catch {
            end = .cut(error.how)
        }
        return HTTPResponse(interim: interim, head: head, body: body, trailers: trailers, end: end)
    }

    private func endOfHead(from index: Int) -> Int? {
        let mark: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a]
        var index = index
        while index + 4 <= buffer.count {
            if buffer[index] == mark[0] && buffer[index..<index + 4].elementsEqual(mark) { return index + 4 }
            index += 1
        }
        return nil
    }

    private func fill(by deadline: Deadline, _ what: String) throws(ConnectionEnded) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        switch wire.read(by: deadline) {
        case .bytes(let bytes): buffer += bytes
        case let how: throw ConnectionEnded(how, "waiting for \(what)")
        }
    }
}

/// The connection ended, or the deadline passed, while something was expected.
package struct ConnectionEnded: Error, CustomStringConvertible {
    package let how: Wire.Received
    package let expectation: String

    init(_ how: Wire.Received, _ expectation: String) {
        self.how = how
        self.expectation = expectation
    }

    package var description: String { "\(how), \(expectation)" }
}
