// SPDX-License-Identifier: Apache-2.0

import Shared

/// The answer to `ps` on the control socket: requests in flight, oldest first. Its members are an interface: they are
/// added to, never renamed. Never a token, never a query.
struct RequestList: Codable, Equatable {
    /// Requests shown at most: beyond them it says how many there are.
    static let most = 10_000

    var requests: [Request]
    /// How many are in flight, shown or not.
    var total: Int

    struct Request: Codable, Equatable {
        var id: String
        var pid: Int32
        var phase: String
        var ageSeconds: Double
        /// Since something last moved.
        var idleSeconds: Double
        /// Until the next deadline; nil: there is none.
        var deadlineSeconds: Double?
        var client: String
        /// Empty: not known yet.
        var user: String
        var method: String
        var path: String
        var bytesFromClient: UInt64
        var bytesToClient: UInt64
        /// The HTTP/2 stream to the API server, if it goes by one.
        var upstreamStream: UInt32?
        /// ordinary, long-running or tunnel: what its deadlines go by.
        var `class`: String?
        /// What it does, as kube-apiserver calls it; empty: nothing that has a name.
        var verb: String?
        /// What it does that to; empty: it is for no resource.
        var resource: String?
    }

    /// One line of JSON. Written by hand: ten thousand requests through a general encoder would hold the loop.
    var line: [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(64 + requests.count * 320)
        line.append(contentsOf: "{\"requests\":[".utf8)
        for (index, request) in requests.enumerated() {
            if index > 0 { line.append(UInt8(ascii: ",")) }
            request.write(to: &line)
        }
        line.append(contentsOf: "],\"total\":\(total)}\n".utf8)
        return line
    }
}

extension RequestList {
    init(_ rows: [(process: WorkerProcess, row: ExchangeRow)], now: Instant) {
        let shown = rows.sorted { $0.row.started < $1.row.started }.prefix(Self.most)
        self.init(
            requests: shown.map { Request($0.process.id, pid: $0.process.pid, $0.row, now: now) }, total: rows.count)
    }
}

extension RequestList.Request {
    init(_ worker: WorkerID, pid: Int32, _ row: ExchangeRow, now: Instant) {
        self.init(
            id: RequestID(worker: worker, exchange: row.id).description, pid: pid,
            phase: ExchangePhase.name(row.phase), ageSeconds: Self.seconds(now.since(row.started)),
            idleSeconds: Self.seconds(now.since(row.lastProgress)),
            deadlineSeconds: row.deadline == .never ? nil : Self.seconds(row.deadline.since(now)),
            client: row.client.description, user: row.user.text, method: row.method.text, path: row.path.text,
            bytesFromClient: row.bytesFromClient, bytesToClient: row.bytesToClient,
            upstreamStream: row.upstreamStream == 0 ? nil : row.upstreamStream, class: row.kind.name,
            verb: row.verb.name, resource: row.resource.text)
    }

    /// In milliseconds' precision.
    private static func seconds(_ duration: Duration) -> Double {
        (duration.milliseconds).rounded() / 1_000
    }

    fileprivate func write(to line: inout [UInt8]) {
        Self.member("{\"id\":", id, to: &line)
        Self.member(",\"pid\":", UInt64(clamping: pid), to: &line)
        Self.member(",\"phase\":", phase, to: &line)
        Self.member(",\"ageSeconds\":", seconds: ageSeconds, to: &line)
        Self.member(",\"idleSeconds\":", seconds: idleSeconds, to: &line)
        if let deadlineSeconds { Self.member(",\"deadlineSeconds\":", seconds: deadlineSeconds, to: &line) }
        Self.member(",\"client\":", client, to: &line)
        Self.member(",\"user\":", user, to: &line)
        Self.member(",\"method\":", method, to: &line)
        Self.member(",\"path\":", path, to: &line)
        Self.member(",\"bytesFromClient\":", bytesFromClient, to: &line)
        Self.member(",\"bytesToClient\":", bytesToClient, to: &line)
        if let upstreamStream { Self.member(",\"upstreamStream\":", UInt64(upstreamStream), to: &line) }
        if let `class` { Self.member(",\"class\":", `class`, to: &line) }
        if let verb { Self.member(",\"verb\":", verb, to: &line) }
        if let resource { Self.member(",\"resource\":", resource, to: &line) }
        line.append(UInt8(ascii: "}"))
    }

    // No interpolation: each would make a string, and ten thousand rows have a hundred thousand of them.

    private static func member(_ name: String, _ text: String, to line: inout [UInt8]) {
        line.append(contentsOf: name.utf8)
        quote(text, to: &line)
    }

    private static func member(_ name: String, _ number: UInt64, to line: inout [UInt8]) {
        line.append(contentsOf: name.utf8)
        append(number, to: &line)
    }

    /// With up to three decimals, and one at least.
    private static func member(_ name: String, seconds: Double, to line: inout [UInt8]) {
        line.append(contentsOf: name.utf8)
        let milliseconds = UInt64(max(0, min(seconds, 1e12)) * 1_000 + 0.5)
        append(milliseconds / 1_000, to: &line)
        line.append(UInt8(ascii: "."))
        var rest = milliseconds % 1_000
        repeat {
            line.append(UInt8(ascii: "0") + UInt8(rest / 100))
            rest = rest % 100 * 10
        } while rest > 0
    }

    private static func append(_ number: UInt64, to line: inout [UInt8]) {
        let first = line.count
        var rest = number
        repeat {
            line.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        var (low, high) = (first, line.count - 1)
        while low < high {
            line.swapAt(low, high)
            (low, high) = (low + 1, high - 1)
        }
    }

    /// RFC 8259 section 7.
    private static func quote(_ text: String, to line: inout [UInt8]) {
        line.append(0x22)
        // Nearly all of them are plain, and go as they are.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c && $0 != 0x7f }) {
            line.append(contentsOf: text.utf8)
            line.append(0x22)
            return
        }
        let digits = Array("0123456789abcdef".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5c: line.append(contentsOf: [0x5c, byte])
            case 0..<0x20, 0x7f:
                line.append(contentsOf: "\\u00".utf8)
                line.append(contentsOf: [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            default: line.append(byte)
            }
        }
        line.append(0x22)
    }
}
