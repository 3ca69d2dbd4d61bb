// SPDX-License-Identifier: Apache-2.0

/// A worker's own panel, as it writes it.
package final class PanelWriter {
    private let words: SharedWords
    /// Rows there are: exchanges that can be in flight.
    package let rowCount: Int

    package init(_ file: borrowing FileDescriptor, rows: Int) throws(Errno) {
        words = try SharedWords(mapping: file, bytes: PanelLayout.size(rows: rows), writable: true)
        rowCount = rows
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

    /// Records how long upstream work outlived its client.
    package func recordOrphanTime(_ duration: Duration) {
        let microseconds = UInt64(max(0, duration.nanoseconds / 1_000))
        let index = PanelLayout.histogram + Histogram.bucket(of: microseconds)
        words.storeRelaxed(index, words.loadRelaxed(index) &+ 1)
        if microseconds > value(.orphanMicrosecondsMax) { set(.orphanMicrosecondsMax, microseconds) }
    }

    /// Writes a whole row; readers see it entirely or not at all (seqlock).
    package func writeRow(_ index: Int, _ row: ExchangeRow) {
        guard index >= 0, index < rowCount else { return }
        let base = PanelLayout.rows + index * PanelLayout.rowWords
        let sequence = words.loadRelaxed(base)
        words.store(base, sequence | 1)
        row.store { offset, word in words.store(base + 1 + offset, word) }
        words.store(base, (sequence | 1) &+ 1)
    }

    /// Changes one word of a row in place: single words need no lock.
    package func updateRow(_ index: Int, _ field: ExchangeRow.Field, _ value: UInt64) {
        guard index >= 0, index < rowCount else { return }
        words.store(PanelLayout.rows + index * PanelLayout.rowWords + 1 + field.rawValue, value)
    }
}
