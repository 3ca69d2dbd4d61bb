// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite struct MetricsPageTests {
    private let now = Instant.zero + .seconds(1_000)
    private let worker = PanelOwner(role: .gateway, slot: 0, generation: 1)

    private func page(_ board: PanelBoard) -> [String] {
        MetricsPage(board: board, listeners: ["main"], now: now, wallClock: 2_000).text
            .split(separator: "\n").map(String.init)
    }

    /// A panel of a process that turns, to be written to.
    private func writer(_ file: borrowing FileDescriptor) throws -> PanelWriter {
        let writer = try PanelWriter(file, rows: 2)
        writer.start(pid: 1)
        writer.beat(now)
        return writer
    }

    @Test func whatWorkersCountIsThere() throws {
        let board = PanelBoard()
        let file = try PanelReader.makeFile(rows: 2)
        let writer = try self.writer(file)
        writer.count(.requests, RequestSeries(.http1, .list, status: 200).index)
        writer.count(.requests, RequestSeries(.http2, .watch, status: 0).index)
        writer.count(.cancellations, CancellationSeries(.client, .responding).index)
        writer.count(.deadlines, DeadlineSeries.requestHead.index)
        writer.count(.authentication, AuthenticationSeries.refused(.expired).index)
        writer.recordDuration(nanoseconds: 3_000_000)
        writer.recordOrphanTime(.microseconds(200))
        writer.set(.exchangesInFlight, 5)
        writer.set(.longRunningInFlight, 3)
        writer.set(.tunnelsInFlight, 1)
        writer.set(.certificates, 0, 12_345)
        try board.add(file, of: worker)
        let keyringFile = try PanelReader.makeFile(rows: 2)
        let keyring = try self.writer(keyringFile)
        keyring.writeRow(0, IssuerRow(url: "https://i", fetchedAt: 1_990).row(place: 0))
        try board.add(keyringFile, of: PanelOwner(role: .keyring, slot: 1, generation: 1))
        let lines = page(board)
        for line in [
            #"lychgate_requests_total{code="200",verb="list",protocol="http/1.1"} 1"#,
            #"lychgate_requests_total{code="none",verb="watch",protocol="h2"} 1"#,
            #"lychgate_cancelled_total{by="client",phase="responding"} 1"#,
            #"lychgate_cancelled_total{by="gateway",phase="identifying"} 0"#,
            #"lychgate_deadline_exceeded_total{stage="request_head"} 1"#,
            #"lychgate_deadline_exceeded_total{stage="identity"} 0"#,
            #"lychgate_authn_attempts_total{method="jwt",result="refused",reason="token-expired"} 1"#,
            #"lychgate_request_duration_seconds_bucket{le="0.0025"} 0"#,
            #"lychgate_request_duration_seconds_bucket{le="0.005"} 1"#,
            #"lychgate_request_duration_seconds_bucket{le="+Inf"} 1"#, "lychgate_request_duration_seconds_sum 0.003",
            "lychgate_request_duration_seconds_count 1", #"lychgate_orphan_seconds_bucket{le="0.0005"} 1"#,
            #"lychgate_requests_in_flight{class="ordinary"} 2"#,
            #"lychgate_requests_in_flight{class="long_running"} 2"#,
            #"lychgate_requests_in_flight{class="tunnel"} 1"#,
            #"lychgate_worker_heartbeat_age_seconds{role="gateway",worker="0"} 0.0"#,
            #"lychgate_jwks_age_seconds{issuer="https://i"} 10"#,
            #"lychgate_certificate_expiry_timestamp_seconds{listener="main"} 12345"#,
        ] {
            #expect(lines.contains(line), "no line \(line)")
        }
    }

    @Test func countersOutliveTheirWorkersAndGaugesDoNot() throws {
        let board = PanelBoard()
        let file = try PanelReader.makeFile(rows: 2)
        let writer = try self.writer(file)
        writer.add(.exchangesOpened, 7)
        writer.add(.connections, 7)
        writer.recordDuration(nanoseconds: 1_000_000_000)
        try board.add(file, of: worker)
        #expect(page(board).contains("lychgate_connections 7"))
        board.remove(worker)
        board.remove(worker)
        let next = try PanelReader.makeFile(rows: 2)
        let nextWriter = try self.writer(next)
        nextWriter.add(.exchangesOpened, 2)
        try board.add(next, of: PanelOwner(role: .gateway, slot: 0, generation: 2))
        let lines = page(board)
        #expect(lines.contains("lychgate_requests_started_total 9"))
        #expect(lines.contains("lychgate_request_duration_seconds_count 1"))
        #expect(lines.contains("lychgate_connections 0"))

        // An admin process that starts later is given the sums.
        var totals = PanelTotals()
        totals.add(try PanelReader(file))
        let sums = try PanelReader.makeFile(rows: 0)
        try PanelWriter(sums, rows: 0).write(totals)
        let later = PanelBoard()
        try later.add(sums, of: PanelOwner(role: .retired))
        #expect(page(later).contains("lychgate_requests_started_total 7"))
        #expect(page(later).contains("lychgate_request_duration_seconds_sum 1.0"))
    }

    @Test func theSupervisorIsThere() throws {
        let board = PanelBoard()
        let file = try PanelReader.makeFile(rows: 2)
        let writer = try self.writer(file)
        writer.set(SupervisorFigure.accepted, 11)
        writer.set(SupervisorFigure.lost, 1)
        writer.set(.recycles, ChildEnd.hung.rawValue, 2)
        writer.set(SupervisorFigure.logLinesLost, 3)
        var row = ProcessRow()
        row.role = UInt64(PanelOwner.Role.gateway.rawValue)
        row.pid = 9
        row.state = ProcessRow.State.ready.rawValue
        row.memoryBytes = 1_024
        writer.writeProcess(0, row)
        row.generation = 2
        writer.writeProcess(1, row)
        try board.add(file, of: PanelOwner(role: .supervisor))
        let lines = page(board)
        for line in [
            "lychgate_accepted_total 11", #"lychgate_handoff_total{result="lost"} 1"#,
            #"lychgate_worker_recycles_total{reason="hung"} 2"#, #"lychgate_workers{state="ready"} 2"#,
            #"lychgate_worker_memory_bytes{role="gateway",worker="0"} 2048"#,
            "lychgate_supervisor_heartbeat_age_seconds 0.0", #"lychgate_log_lines_lost_total{role="supervisor"} 3"#,
            #"lychgate_log_lines_lost_total{role="gateway"} 0"#, "lychgate_upstream_connections_ended_total 0",
        ] {
            #expect(lines.contains(line), "no line \(line)")
        }
    }

    /// What a panel holds is a claim: whatever it is, the page comes out.
    @Test func panelsOfNonsenseMakeAPage() throws {
        let board = PanelBoard()
        let file = try PanelReader.makeFile(rows: 2)
        let writer = try self.writer(file)
        for figure in Figure.allCases { writer.set(figure, .max) }
        for table in PanelTable.allCases { for index in 0..<table.count { writer.set(table, index, .max) } }
        try board.add(file, of: worker)
        try board.add(file, of: PanelOwner(role: .keyring))
        try board.add(file, of: PanelOwner(role: .admin))
        try board.add(file, of: PanelOwner(role: .supervisor))
        let text = MetricsPage(board: board, listeners: ["main"], now: now, wallClock: 0).text
        #expect(text.utf8.count < 128 * 1_024, "the page is bounded")
    }

    @Test func labelValuesAreEscaped() {
        var page = PrometheusText()
        page.sample("x", [("name", "a\"b\\c\nd")], UInt64(1))
        #expect(page.text == "lychgate_x{name=\"a\\\"b\\\\c\\nd\"} 1\n")
    }
}

@Suite struct SeriesTests {
    @Test func everyPlaceIsOneSeriesAndWithinItsTable() {
        let requests = RequestSeries.Transport.allCases.flatMap { transport in
            RequestSeries.Verb.allCases.flatMap { verb in
                [0, 101, 200, 299, 404, 504, 599].map { RequestSeries(transport, verb, status: $0) }
            }
        }
        for series in requests {
            #expect(series.index < PanelTable.requests.count)
            #expect(RequestSeries(index: series.index) == series)
        }
        // 299 and 599 have no series of their own.
        #expect(Set(requests.map(\.index)).count == requests.count / 7 * 6)
        #expect(RequestSeries(.http1, .get, status: 299).codeName == "other")
        let deadlines = Stage.allCases.map { DeadlineSeries.exchange($0) } + [.tlsHandshake, .requestHead, .lastBytes]
        #expect(Set(deadlines.map(\.index)).count == deadlines.count)
        #expect(deadlines.allSatisfy { DeadlineSeries(index: $0.index) == $0 && $0.index < PanelTable.deadlines.count })
        let judgements =
            Refusal.Reason.allCases.map { AuthenticationSeries.refused($0) }
            + [.noCredentials, .accepted, .noKey, .anonymous, .lookupFailed]
            + AuthenticationSeries.Method.allCases.flatMap {
                [.other($0, accepted: true), .other($0, accepted: false)]
            }
        #expect(Set(judgements.map(\.index)).count == judgements.count)
        #expect(
            judgements.allSatisfy {
                AuthenticationSeries(index: $0.index) == $0 && $0.index < PanelTable.authentication.count
            })
    }

    @Test(
        arguments: [
            ("GET", "/api/v1/pods", "list"), ("GET", "/api/v1/pods?watch=1", "watch"), ("GET", "/version", "get"),
            ("POST", "/x", "post"), ("DELETE", "/api/v1/namespaces/a/pods", "deletecollection"),
            ("OPTIONS", "/api/v1/pods", "other"), ("BREW", "/", "other"),
        ])
    func verbs(method: String, target: String, verb: String) {
        let bytes = Array("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        let found = ByteView.of(bytes) { view -> String? in
            var scan = HeadScan()
            guard
                case .complete(let head) = RequestHeadParser.parse(
                    view, scan: &scan, into: FieldTable(capacity: 4), limits: HeadLimits())
            else { return nil }
            return RequestSeries.Verb(RequestInfo(head, in: view).verb).name
        }
        #expect(found == verb)
    }
}
