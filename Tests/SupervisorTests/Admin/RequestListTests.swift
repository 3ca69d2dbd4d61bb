// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared
import Testing

@testable import Supervisor

@Suite struct RequestIDTests {
    @Test(
        arguments: [
            ("0.1/17", true), ("12.4294967295/18446744073709551615", true), ("", false), ("0.1", false),
            ("0.1/", false), ("0.1/0", false), ("0/1", false), ("+0.1/2", false), ("0.1/2/3", false),
            ("0.1.2/3", false),
            ("0.4294967296/1", false), ("-1.1/1", false), ("0.1/ 1", false),
        ])
    func text(text: String, isOne: Bool) {
        #expect((RequestID(text) != nil) == isOne)
        if let id = RequestID(text) { #expect(id.description == text) }
    }
}

@Suite struct RequestListTests {
    private let now = Instant.zero + .seconds(100)

    private func row(user: String, path: String) -> ExchangeRow {
        var row = ExchangeRow()
        row.id = 17
        row.phase = ExchangePhase.responding.rawValue
        row.started = Instant.zero + .milliseconds(97_500)
        row.lastProgress = Instant.zero + .seconds(99)
        row.client = SocketAddress(family: .ipv4, port: 5, high: 0, low: 0x7f00_0001)
        row.method = FixedText("GET")
        row.user = FixedText(user)
        row.path = FixedText(path)
        row.bytesToClient = 9
        row.upstreamStream = user.isEmpty ? 0 : 15
        row.kind = .longRunning
        row.verb = .watch
        row.resource = FixedText("pods")
        return row
    }

    private func list(_ rows: [ExchangeRow]) -> RequestList {
        let requests = rows.map {
            RequestList.Request(WorkerID(slot: 0, generation: 1), pid: 3, $0, now: now)
        }
        return RequestList(requests: requests, total: requests.count)
    }

    @Test func theLineIsJSONOfTheList() throws {
        let list = list([row(user: "a\"b\\\u{7}é", path: "/api/v1/pods"), row(user: "", path: "/")])
        #expect(list.line.last == UInt8(ascii: "\n"))
        #expect(try JSONDecoder().decode(RequestList.self, from: Data(list.line)) == list)
        #expect(list.requests[0].id == "0.1/17")
        #expect(list.requests[0].ageSeconds == 2.5)
        #expect(list.requests[0].idleSeconds == 1)
        #expect(list.requests[0].deadlineSeconds == nil)
        #expect(list.requests[0].phase == "responding")
        #expect(list.requests.map(\.upstreamStream) == [15, nil])
        #expect(list.requests[0].class == "long-running")
        #expect(list.requests[0].verb == "watch" && list.requests[0].resource == "pods")
    }

    @Test func theQuickReaderReadsWhatIsWrittenSo() {
        var late = row(user: "jané", path: "/api/v1/pods")
        late.deadline = now + .milliseconds(1_234)
        let plain = list([row(user: "alice", path: "/"), late])
        #expect(plain.requests[1].deadlineSeconds == 1.234)
        #expect(RequestListReader.read(plain.line) == plain)
        #expect(RequestListReader.read(list([]).line) == list([]))
        let escaped = list([row(user: "a\"b", path: "/")])
        #expect(RequestListReader.read(escaped.line) == nil, "left to the general decoder")
        for length in 0..<plain.line.count - 2 { #expect(RequestListReader.read(Array(plain.line[..<length])) == nil) }
        #expect(RequestListReader.read(Array(#"{"total":0,"requests":[]}"#.utf8)) == nil)
        // As a gateway of the build before writes it.
        var older = plain
        for index in older.requests.indices {
            older.requests[index].class = nil
            older.requests[index].verb = nil
            older.requests[index].resource = nil
        }
        #expect(!String(decoding: older.line, as: UTF8.self).contains("class"))
        #expect(RequestListReader.read(older.line) == older)
    }

    @Test func theTableShowsNothingThatMovesTheCursor() {
        let lines = RequestTable.text(list([row(user: "eve\u{1b}[2J", path: "/x\u{202e}")])).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[1].hasPrefix("0.1/17  2.5s  1.0s  responding  long-running  127.0.0.1:5  eve"))
        #expect(lines[0].contains("CLASS") && lines[1].contains("  watch  pods      GET  "))
        #expect(!lines[1].unicodeScalars.contains("\u{1b}") && !lines[1].unicodeScalars.contains("\u{202e}"))
    }

    @Test func tenThousandRequestsAreListedInTime() throws {
        let count = 10_000
        let file = try PanelReader.makeFile(rows: count)
        let (reader, writer) = (try PanelReader(file, rows: count), try PanelWriter(file, rows: count))
        for index in 0..<count {
            var row = row(user: "alice", path: "/api/v1/namespaces/default/pods/\(index)")
            row.id = UInt64(index + 1)
            writer.writeRow(index, row)
        }
        let start = Instant.now
        let line = list(reader.rows()).line
        let took = Instant.now.since(start)
        print("10,000 rows: \(Int(took.milliseconds)) ms, \(line.count) bytes")
        #expect(took < .seconds(5), "even unoptimised and on a busy machine")
        #expect(line.count < 8 * 1_048_576, "the command reads that much")
    }

    @Test func moreThanIsShownIsCounted() {
        #expect(RequestTable.text(RequestList(requests: [], total: 3)).hasSuffix("\n… and 3 more"))
    }
}
