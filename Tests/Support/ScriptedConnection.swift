// SPDX-License-Identifier: Apache-2.0

/// One connection of a `ScriptedUpstream`, in the hands of its script.
package final class ScriptedConnection: @unchecked Sendable {
    /// When and how the peer's end was seen.
    package struct Close: Sendable {
        package let connection: Int
        package let target: String
        package let at: ContinuousClock.Instant
        package let how: Wire.Received
        /// Body bytes read since the last head.
        package let bytesRead: Int
    }

    package let number: Int
    package let wire: Wire
    package let reader: HTTPReader
    private unowned let upstream: ScriptedUpstream
    private var target = ""
    private var bytesRead = 0

    init(number: Int, wire: Wire, upstream: ScriptedUpstream) {
        self.number = number
        self.wire = wire
        self.upstream = upstream
        reader = HTTPReader(wire)
    }

    /// The next request's head; it is recorded before this returns.
    package func readHead(within limit: Duration = .seconds(120)) throws -> HTTPHead {
        let head = try reader.readHead(by: .after(limit))
        target = head.target
        bytesRead = 0
        upstream.record(head)
        return head
    }

    /// The whole body of the request just read, in pieces; returns its trailers.
    @discardableResult
    package func readBody(
        of head: HTTPHead, within limit: Duration = .seconds(120), _ piece: (ArraySlice<UInt8>) -> Void = { _ in }
    ) throws -> [(name: String, value: String)] {
        try reader.readBody(HTTPReader.framing(ofRequest: head), by: .after(limit)) {
            bytesRead += $0.count
            piece($0)
        }
    }

    package func write(_ text: String) {
        wire.write(text, by: .after(.seconds(60)))
    }

    /// A whole sized response.
    package func answer(_ status: String = "200 OK", fields: [String] = [], body: String = "") {
        let lines = fields.map { $0 + "\r\n" }.joined()
        write("HTTP/1.1 \(status)\r\n\(lines)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// A chunk that holds the text.
    package func writeChunk(_ text: String) {
        write(String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n")
    }

    /// Reads on, dropping bytes, until the peer's end; records it.
    package func readUntilClose(within limit: Duration = .seconds(120)) {
        let deadline = Deadline.after(limit)
        while true {
            let received = wire.read(by: deadline)
            if case .bytes(let bytes) = received {
                bytesRead += bytes.count
                continue
            }
            if received != .timedOut { record(received, at: .now) }
            return
        }
    }

    /// Records an end that the script has seen by itself just now.
    package func noteClose(_ how: Wire.Received) {
        record(how, at: .now)
    }

    /// Waits for the peer's end without reading a byte, and records it.
    package func waitForPeerClose(within limit: Duration = .seconds(120)) {
        waitForPeerClose(target: target, by: .after(limit))
    }

    func waitForPeerClose(target: String, by deadline: Deadline) {
        self.target = target
        guard let instant = wire.waitForPeerClose(by: deadline) else { return }
        record(.finished, at: instant)
    }

    /// How often the target of the request just read was asked for, this time included.
    package var timesAsked: Int { upstream.requestCount(for: target) }

    /// Says that the script has come to this point, for `ScriptedUpstream.isMarked`.
    package func mark(_ point: String) {
        upstream.mark("\(point) \(target)")
    }

    private func record(_ how: Wire.Received, at instant: ContinuousClock.Instant) {
        upstream.record(Close(connection: number, target: target, at: instant, how: how, bytesRead: bytesRead))
    }
}
