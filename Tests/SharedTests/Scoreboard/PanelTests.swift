// SPDX-License-Identifier: Apache-2.0

import CLinux
import Foundation
import Synchronization
import Testing

@testable import Shared

@Suite("Scoreboard panel")
struct PanelTests {
    private func row(_ id: UInt64) -> ExchangeRow {
        var row = ExchangeRow()
        row.id = id
        row.phase = id
        row.started = Instant(nanoseconds: id)
        row.deadline = Instant(nanoseconds: id)
        row.lastProgress = Instant(nanoseconds: id)
        row.bytesFromClient = id
        row.bytesToClient = id
        row.client = SocketAddress(family: .ipv6, port: UInt16(truncatingIfNeeded: id), high: id, low: id)
        row.method = FixedText(String(id % 10_000_000))
        row.user = FixedText(String(id))
        row.path = FixedText("/" + String(repeating: "\(id) ", count: 4))
        return row
    }

    @Test func figuresAndStateReachTheReader() throws {
        let file = try PanelReader.makeFile(rows: 4)
        let reader = try PanelReader(file, rows: 4)
        #expect(!reader.isStarted)
        #expect(reader.phase == .starting)
        let writer = try PanelWriter(file, rows: 4)
        writer.start(pid: 123)
        #expect(reader.isStarted)
        for (index, figure) in Figure.allCases.enumerated() { writer.set(figure, UInt64(index) << 40 | 5) }
        for (index, figure) in Figure.allCases.enumerated() { #expect(reader.value(figure) == UInt64(index) << 40 | 5) }
        writer.set(.connections, 10)
        writer.add(.connections)
        writer.add(.connections, -3)
        #expect(reader.value(.connections) == 8)
        #expect(writer.value(.connections) == 8)
        writer.setPhase(.ready, now: Instant(nanoseconds: 77))
        #expect(reader.phase == .ready)
        writer.beat(Instant(nanoseconds: 99))
        #expect(reader.heartbeat == Instant(nanoseconds: 99))
        #expect(reader.orphanTimes().count == 0)
        for duration: Duration in [.milliseconds(3), .seconds(-1), .seconds(Int64.max)] {
            writer.recordOrphanTime(duration)
        }
        #expect(reader.orphanTimes().count == 3)
        #expect(reader.orphanTimes().counts[Histogram.bucket(of: 3_000)] == 1)
        #expect(reader.value(.orphanMicrosecondsMax) == UInt64(Int64.max / 1_000))
        #expect(reader.rows().isEmpty, "figures and the histogram lie before the rows")
        #expect(reader.value(Figure.keysGeneration) == UInt64(Figure.keysGeneration.rawValue) << 40 | 5)
    }

    /// After an upgrade to a build with another layout the workers of the build before write on in theirs.
    @Test(arguments: [(PanelLayout.version, false), (PanelLayout.version + 1, true), (PanelLayout.version - 1, true)])
    func aPanelOfAnotherLayoutReadsAsZeros(version: UInt64, isForeign: Bool) throws {
        let file = try PanelReader.makeFile(rows: 2)
        let writer = try PanelWriter(file, rows: 2)
        writer.start(pid: 123)
        writer.set(.connections, 10)
        writer.beat(Instant(nanoseconds: 99))
        writer.setPhase(.ready, now: Instant(nanoseconds: 77))
        writer.writeRow(0, row(7))
        let handle = FileHandle(fileDescriptor: file.raw, closeOnDealloc: false)
        try handle.seek(toOffset: UInt64(PanelLayout.Header.version.rawValue * 8))
        try handle.write(contentsOf: Data((0..<8).map { UInt8(truncatingIfNeeded: version >> ($0 * 8)) }))
        let reader = try PanelReader(adopting: try PanelReader.readOnly(file))
        #expect(reader.isStarted == !isForeign)
        #expect(reader.value(.connections) == (isForeign ? 0 : 10))
        // Zero: never stamped, so that nobody takes it for hung.
        #expect(reader.heartbeat == (isForeign ? .zero : Instant(nanoseconds: 99)))
        #expect(reader.phase == (isForeign ? .starting : .ready))
        #expect(reader.rows().map(\.id) == (isForeign ? [] : [7]))
        #expect(reader.orphanTimes().count == 0 && reader.raw != nil)
    }

    @Test func tablesAndDurationsReachTheReader() throws {
        let file = try PanelReader.makeFile(rows: 1)
        let writer = try PanelWriter(file, rows: 1)
        let reader = try PanelReader(PanelReader.readOnly(file))
        for (number, table) in PanelTable.allCases.enumerated() {
            writer.set(table, 0, UInt64(number))
            writer.set(table, table.count - 1, UInt64(number) + 100)
            writer.count(table, table.count - 1)
            writer.count(table, table.count)
            writer.count(table, -1)
        }
        for (number, table) in PanelTable.allCases.enumerated() {
            #expect(reader.table(table).first == UInt64(number))
            #expect(reader.table(table).last == UInt64(number) + 101)
            #expect(reader.table(table).dropFirst().dropLast().allSatisfy { $0 == 0 })
        }
        writer.recordDuration(nanoseconds: 2_000_000)
        #expect(reader.durations().counts[Histogram.bucket(of: 2_000)] == 1)
        #expect(reader.value(.requestMicroseconds) == 2_000)
        #expect(reader.orphanTimes().count == 0)
        #expect(reader.rows().isEmpty && reader.processes().isEmpty, "tables and histograms lie before the rows")
    }

    @Test func childrenReachTheReader() throws {
        let file = try PanelReader.makeFile(rows: 2)
        let (reader, writer) = (try PanelReader(file, rows: 2), try PanelWriter(file, rows: 2))
        var row = ProcessRow()
        row.slot = 1
        row.generation = 2
        row.role = 3
        row.pid = 4
        row.state = 5
        row.memoryBytes = 6
        row.youngDeaths = 7
        writer.writeProcess(1, row)
        #expect(reader.processes() == [row])
        writer.writeProcess(1, nil)
        #expect(reader.processes().isEmpty)
    }

    @Test func sumsAreOfCountersAndSurviveBeingWritten() throws {
        let file = try PanelReader.makeFile(rows: 1)
        let (reader, writer) = (try PanelReader(file, rows: 1), try PanelWriter(file, rows: 1))
        for figure in Figure.allCases { writer.set(figure, 3) }
        for table in PanelTable.allCases { writer.set(table, 1, 3) }
        writer.recordDuration(nanoseconds: 1_000_000)
        writer.recordOrphanTime(.milliseconds(1))
        var totals = PanelTotals()
        totals.add(reader)
        totals.add(reader)
        #expect(totals.value(.exchangesOpened) == 6)
        #expect(totals.value(.connections) == 0)
        #expect(totals.table(.requests)[1] == 6)
        #expect(totals.table(.certificates)[1] == 0)
        #expect(totals.durations.count == 2)
        let sums = try PanelReader.makeFile(rows: 0)
        try PanelWriter(sums, rows: 0).write(totals)
        var again = PanelTotals()
        again.add(try PanelReader(sums))
        #expect(again == totals)
        totals.add(reader, gauges: true)
        #expect(totals.value(.connections) == 3)
    }

    @Test func aReaderCannotWrite() throws {
        let file = try PanelReader.makeFile(rows: 1)
        let readOnly = try PanelReader.readOnly(file)
        #expect(throws: Errno(EINVAL)) { _ = try PanelWriter(readOnly, rows: 1) }
        #expect(try PanelReader(file, rows: 1).raw == nil)
        let keeping = try PanelReader(file, rows: 1, keepsFile: true)
        let kept = try #require(keeping.raw)
        #expect(fcntl(kept, F_GETFL) & O_ACCMODE == O_RDONLY)
    }

    @Test func classVerbAndResourceShareTheRow() throws {
        let file = try PanelReader.makeFile(rows: 2)
        let (reader, writer) = (try PanelReader(file, rows: 2), try PanelWriter(file, rows: 2))
        for verb in ExchangeVerb.allCases {
            for kind in [ExchangeRow.Class.ordinary, .longRunning, .tunnel] {
                var row = row(.max)
                row.kind = kind
                row.verb = verb
                row.upstreamStream = .max
                row.resource = FixedText(String(repeating: "r", count: 40))
                writer.writeRow(0, row)
                writer.writeRow(1, self.row(2))
                #expect(reader.rows() == [row, self.row(2)])
            }
        }
        writer.updateRow(0, .kind, ExchangeRow.kindWord(.tunnel, .get, stream: 7))
        let updated = try #require(reader.rows().first)
        #expect(updated.kind == .tunnel && updated.verb == .get && updated.upstreamStream == 7)
    }

    @Test func whatADeadWriterHasLeftHalfWrittenIsTorn() throws {
        let file = try PanelReader.makeFile(rows: 3)
        let (reader, writer) = (try PanelReader(file, rows: 3), try PanelWriter(file, rows: 3))
        for index in 0..<3 { writer.writeRow(index, row(UInt64(index + 1))) }
        writer.freeRow(2)
        // As if it had died between two words of the row.
        writer.tearRow(1)
        #expect(reader.rows() == [row(1)])
        var torn = row(2)
        torn.isTorn = true
        #expect(reader.rows(isDead: true) == [row(1), torn])
    }

    @Test func rowsOfAnotherLayoutAreNotRead() throws {
        let file = try PanelReader.makeFile(rows: 1)
        let (reader, writer) = (try PanelReader(file, rows: 1), try PanelWriter(file, rows: 1))
        writer.start(pid: 1)
        writer.writeRow(0, row(1))
        #expect(reader.rows() == [row(1)])
        // A worker of the build before, started again from its own program file.
        let words = try SharedWords(mapping: file, bytes: PanelLayout.size(rows: 1), writable: true)
        words.store(PanelLayout.Header.version.rawValue, PanelLayout.version - 1)
        #expect(reader.rows().isEmpty && !reader.isStarted)
    }

    @Test func rowsReachTheReader() throws {
        let file = try PanelReader.makeFile(rows: 3)
        let (reader, writer) = (try PanelReader(file, rows: 3), try PanelWriter(file, rows: 3))
        writer.writeRow(2, row(.max))
        writer.writeRow(0, row(1))
        #expect(reader.rows() == [row(1), row(.max)])
        writer.updateRow(0, .bytesToClient, 55)
        writer.updateRow(0, .phase, 2)
        #expect(reader.rows().first?.bytesToClient == 55)
        #expect(reader.rows().first?.phase == 2)
        writer.writeRow(0, ExchangeRow())
        #expect(reader.rows() == [row(.max)], "a row without an id is free")
        for index in [-1, 3, Int.max] {
            writer.writeRow(index, row(9))
            writer.updateRow(index, .id, 9)
        }
        #expect(reader.rows() == [row(.max)])
    }

    @Test func textIsCutAtItsBytes() {
        #expect(FixedText<1>("GET").text == "GET")
        #expect(FixedText<1>("PROPPATCHES").text == "PROPPATC")
        #expect(FixedText<1>("1234567é").text == "1234567\u{fffd}")
        #expect(FixedText<1>("").text.isEmpty)
        #expect(FixedText<1>("abc") != FixedText<1>("abd"))
    }

    @Test func aFileThatIsTooShortIsRefused() throws {
        let file = try PanelReader.makeFile(rows: 3)
        _ = try PanelReader(file, rows: 2)
        #expect(throws: Errno(EINVAL)) { _ = try PanelReader(file, rows: 4) }
        #expect(throws: Errno(EINVAL)) { _ = try PanelWriter(file, rows: 4) }
        let (left, right) = try Sockets.streamPair()
        close(right)
        let socket = FileDescriptor(owning: left)
        #expect(throws: Errno(EINVAL)) { _ = try PanelReader(socket, rows: 1) }
    }

    @Test func itsWriterCannotShortenIt() throws {
        // A read beyond a file's end is SIGBUS: a broken worker would take the supervisor with it.
        let file = try PanelReader.makeFile(rows: 3)
        _ = try PanelWriter(file, rows: 3)
        #expect(lg_ftruncate(file.raw, 0) == -EPERM)
        #expect(lg_ftruncate(file.raw, Int64(PanelLayout.size(rows: 4))) == -EPERM)
    }

    /// A writer that hardly rests, and a reader that must see each row entirely or not at all.
    @Test func aTornRowIsNeverSeen() throws {
        let file = try PanelReader.makeFile(rows: 1)
        let reader = try PanelReader(file, rows: 1)
        let shared = fcntl(file.raw, F_DUPFD_CLOEXEC, 3)
        let isDone = Atomic(false)
        // A thread of its own: tests that run beside this one may keep all of the task pool's busy.
        let writing = Thread {
            guard let writer = try? PanelWriter(FileDescriptor(owning: shared), rows: 1) else { return }
            let rows = (0..<16).map { row(1_000_003 << UInt64($0)) }
            var random = SeededGenerator(seed: 3)
            while !isDone.load(ordering: .relaxed) {
                for row in rows {
                    writer.writeRow(0, row)
                    // Pauses of any length, so that every overlap with a reader's look occurs.
                    let next = lg_monotonic_ns() + UInt64.random(in: 0...200_000, using: &random)
                    while lg_monotonic_ns() < next {}
                }
            }
        }
        writing.start()
        // Until it has changed this often between two looks: then both do run side by side.
        let wanted = 200
        var (changes, torn) = (0, 0)
        var last: UInt64 = 0
        let deadline = Instant(nanoseconds: lg_monotonic_ns()) + .seconds(60)
        while changes < wanted, torn == 0, Instant(nanoseconds: lg_monotonic_ns()) < deadline {
            guard let seen = reader.rows().first, seen.id != last else {
                sched_yield()
                continue
            }
            changes += 1
            last = seen.id
            if seen != row(seen.id) { torn += 1 }
        }
        isDone.store(true, ordering: .relaxed)
        #expect(torn == 0)
        #expect(changes == wanted)
    }

    /// What lies in a panel is a claim: whatever it is, reading it does not trap.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func randomPanelsNeverTrapTheReader(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let file = try PanelReader.makeFile(rows: 8)
        let bytes = random.bytes(PanelLayout.size(rows: 8))
        let written = unsafe lg_write(file.raw, bytes, bytes.count)
        #expect(written == bytes.count)
        let reader = try PanelReader(file, rows: 8)
        #expect(!reader.isStarted)
        _ = reader.phase
        for figure in Figure.allCases { _ = reader.value(figure) }
        _ = reader.orphanTimes().quantile(1)
        for row in reader.rows() {
            _ = [row.client.description, row.method.text, row.user.text, row.path.text]
            _ = row.client.isLoopback
        }
    }
}
