// SPDX-License-Identifier: Apache-2.0

/// A worker's own panel, as it writes it.
package final class PanelWriter {
    private let words: SharedWords
    /// Rows there are: exchanges that can be in flight.
    package let rowCount: Int
    private let freeRows: Slab<Int>

    package init(_ file: borrowing FileDescriptor, rows: Int) throws(Errno) {
        words = try SharedWords(mapping: file, bytes: PanelLayout.size(rows: rows), writable: true)
        rowCount = rows
        freeRows = Slab(capacity: max(1, rows))
        for row in (0..<rows).reversed() { freeRows.append(row) }
    }

    package func start(pid: Int32) {
        words.store(PanelLayout.Header.pid.rawValue, UInt64(pid))
        words.store(PanelLayout.Header.rows.rawValue, UInt64(rowCount))
        words.store(PanelLayout.Header.version.rawValue, PanelLayout.version)
        words.store(PanelLayout.Header.magic.rawValue, PanelLayout.magic)
    }

    package func setPhase(_ phase: WorkerPhase, now: Instant) {
        words.store(PanelLayout.Header.state.rawValue, phase.rawValue)
        if phase == .ready { words.store(PanelLayout.Header.readySince.rawValue, now.nanoseconds) }
    }

    /// Says that the loop turns.
    package func beat(_ now: Instant) {
        words.store(PanelLayout.Header.heartbeat.rawValue, now.nanoseconds)
    }

    package func set(_ figure: Figure, _ value: UInt64) {
        words.storeRelaxed(PanelLayout.figures + figure.rawValue, value)
    }

    package func add(_ figure: Figure, _ amount: Int = 1) {
        let index = PanelLayout.figures + figure.rawValue
        words.storeRelaxed(index, words.loadRelaxed(index) &+ UInt64(bitPattern: Int64(amount)))
    }

    package func value(_ figure: Figure) -> UInt64 {
        words.loadRelaxed(PanelLayout.figures + figure.rawValue)
    }

    package func set(_ figure: SupervisorFigure, _ value: UInt64) {
        words.storeRelaxed(PanelLayout.figures + figure.rawValue, value)
    }

    /// Counts one in a table; an index that is none of its own is left out.
    package func count(_ table: PanelTable, _ index: Int) {
        guard index >= 0, index < table.count else { return }
        words.storeRelaxed(table.offset + index, words.loadRelaxed(table.offset + index) &+ 1)
    }

    package func add(_ table: PanelTable, _ index: Int, _ amount: UInt64) {
        guard index >= 0, index < table.count else { return }
        words.storeRelaxed(table.offset + index, words.loadRelaxed(table.offset + index) &+ amount)
    }

    package func set(_ table: PanelTable, _ index: Int, _ value: UInt64) {
        guard index >= 0, index < table.count else { return }
        words.storeRelaxed(table.offset + index, value)
    }

    /// Records how long an ordinary request took.
    package func recordDuration(nanoseconds: UInt64) {
        record(microseconds: nanoseconds / 1_000, in: PanelLayout.durations, sum: .requestMicroseconds)
    }

    /// Counts a duration in a histogram, in whole microseconds.
    private func record(microseconds: UInt64, in histogram: Int, sum: Figure) {
        let index = histogram + Histogram.bucket(of: microseconds)
        words.storeRelaxed(index, words.loadRelaxed(index) &+ 1)
        set(sum, value(sum) &+ microseconds)
    }

    /// Records how long upstream work outlived its client.
    package func recordOrphanTime(_ duration: Duration) {
        let microseconds = UInt64(max(0, duration.nanoseconds / 1_000))
        record(microseconds: microseconds, in: PanelLayout.histogram, sum: .orphanMicroseconds)
        if microseconds > value(.orphanMicrosecondsMax) { set(.orphanMicrosecondsMax, microseconds) }
    }

    /// Writes a whole row; readers see it entirely or not at all (seqlock).
    package func writeRow(_ index: Int, _ row: ExchangeRow) {
        writeRow(index) { row.store($0) }
    }

    /// On the supervisor's panel; nil: the row is free.
    package func writeProcess(_ index: Int, _ row: ProcessRow?) {
        writeRow(index) { (row ?? ProcessRow()).store($0) }
    }

    /// A row for one exchange, the caller's until `freeRow`; nil: all are taken.
    package func takeRow() -> Int? { freeRows.popLast() }

    /// Nobody is in this row any more: without a number, what else stands in it does not count.
    package func freeRow(_ index: Int) {
        writeRow(index) { put in put(ExchangeRow.Field.id.rawValue, 0) }
        freeRows.append(index)
    }

    /// Says whose exchange it is, as soon as that is known.
    package func updateUser(_ index: Int, _ user: FixedText<6>) {
        writeRow(index) { put in user.store { put(ExchangeRow.userOffset + $0, $1) } }
    }

    #if DEBUG
        /// For tests: as a death in the middle of writing leaves it.
        package func tearRow(_ index: Int) {
            let base = PanelLayout.rows + index * PanelLayout.rowWords
            words.store(base, words.loadRelaxed(base) | 1)
        }
    #endif

    private func writeRow(_ index: Int, _ store: ((Int, UInt64) -> Void) -> Void) {
        guard index >= 0, index < rowCount else { return }
        let base = PanelLayout.rows + index * PanelLayout.rowWords
        let sequence = words.loadRelaxed(base)
        words.store(base, sequence | 1)
        store { offset, word in words.store(base + 1 + offset, word) }
        words.store(base, (sequence | 1) &+ 1)
    }

    /// Writes sums in place of counts of its own.
    package func write(_ totals: PanelTotals) {
        for figure in Figure.allCases { set(figure, totals.value(figure)) }
        for bucket in 0..<Histogram.buckets {
            words.storeRelaxed(PanelLayout.histogram + bucket, totals.orphanTimes.counts[bucket])
            words.storeRelaxed(PanelLayout.durations + bucket, totals.durations.counts[bucket])
        }
        for table in PanelTable.allCases {
            for (index, value) in totals.table(table).enumerated() { set(table, index, value) }
        }
    }

    /// Changes one word of a row in place: single words need no lock.
    package func updateRow(_ index: Int, _ field: ExchangeRow.Field, _ value: UInt64) {
        guard index >= 0, index < rowCount else { return }
        words.store(PanelLayout.rows + index * PanelLayout.rowWords + 1 + field.rawValue, value)
    }
}
