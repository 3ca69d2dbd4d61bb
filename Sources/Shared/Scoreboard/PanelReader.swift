// SPDX-License-Identifier: Apache-2.0

import CLinux

/// One worker's panel, as the supervisor and the admin process read it: at any time, whether its worker turns, hangs
/// or is dead. What a worker writes here is believed as a claim of that worker, and never used as a size or an index.
package final class PanelReader {
    private let words: SharedWords
    private let rowCount: Int
    private let file: FileDescriptor?
    /// Its worker writes another layout than ours: everything reads as 0.
    private let isForeign: Bool

    /// - Parameter keepsFile: it is to be passed on later.
    package init(_ file: borrowing FileDescriptor, rows: Int, keepsFile: Bool = false) throws(Errno) {
        words = try SharedWords(mapping: file, bytes: PanelLayout.size(rows: rows), writable: false)
        rowCount = rows
        self.file = keepsFile ? try Self.readOnly(file) : nil
        isForeign = false
    }

    /// A panel whose worker was started by another build, open for reading only, to be passed on later.
    package init(adopting file: consuming FileDescriptor) throws(Errno) {
        let size = Int(try Errno.check(lg_file_size(file.raw)))
        rowCount = max(0, (size - PanelLayout.size(rows: 0)) / (PanelLayout.rowWords * 8))
        words = try SharedWords(mapping: file, bytes: PanelLayout.size(rows: rowCount), writable: false)
        self.file = consume file
        isForeign =
            words.load(PanelLayout.Header.magic.rawValue) == PanelLayout.magic
            && words.load(PanelLayout.Header.version.rawValue) != PanelLayout.version
    }

    private func load(_ index: Int) -> UInt64 { isForeign ? 0 : words.load(index) }

    /// The panel's memory file, open for reading only, if it was to be kept; it stays here.
    package var raw: Int32? {
        switch file {
        case .some(let file): file.raw
        case .none: nil
        }
    }

    /// With as many rows as the file has room for.
    package convenience init(_ file: borrowing FileDescriptor) throws(Errno) {
        let size = Int(try Errno.check(lg_file_size(file.raw)))
        try self.init(file, rows: (size - PanelLayout.size(rows: 0)) / (PanelLayout.rowWords * 8))
    }

    /// The same file, opened for reading only: to pass on to those who only look.
    package static func readOnly(_ file: borrowing FileDescriptor) throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: try Errno.check(unsafe lg_open_for_reading("/proc/self/fd/\(file.raw)")))
    }

    /// A fresh memory file for a panel of so many rows.
    package static func makeFile(rows: Int) throws(Errno) -> FileDescriptor {
        let file = FileDescriptor(owning: try Errno.check(unsafe lg_memfd("lychgate-panel")))
        _ = try Errno.check(lg_ftruncate(file.raw, Int64(PanelLayout.size(rows: rows))))
        // Its worker has the descriptor too: a file cut short would be a SIGBUS in everybody who reads it.
        _ = try Errno.check(lg_memfd_seal_size(file.raw))
        return file
    }

    package var isStarted: Bool {
        load(PanelLayout.Header.magic.rawValue) == PanelLayout.magic
            && load(PanelLayout.Header.version.rawValue) == PanelLayout.version
    }

    package var phase: WorkerPhase? {
        WorkerPhase(rawValue: load(PanelLayout.Header.state.rawValue))
    }

    /// When the worker's loop last turned.
    package var heartbeat: Instant {
        Instant(nanoseconds: load(PanelLayout.Header.heartbeat.rawValue))
    }

    package func value(_ figure: Figure) -> UInt64 {
        load(PanelLayout.figures + figure.rawValue)
    }

    package func value(_ figure: SupervisorFigure) -> UInt64 {
        load(PanelLayout.figures + figure.rawValue)
    }

    package func orphanTimes() -> Histogram {
        Histogram(counts: (0..<Histogram.buckets).map { load(PanelLayout.histogram + $0) })
    }

    /// How long ordinary (not long-running) requests took.
    package func durations() -> Histogram {
        Histogram(counts: (0..<Histogram.buckets).map { load(PanelLayout.durations + $0) })
    }

    package func value(_ table: PanelTable, _ index: Int) -> UInt64 {
        precondition(index >= 0 && index < table.count)
        return load(table.offset + index)
    }

    package func table(_ table: PanelTable) -> [UInt64] {
        let offset = table.offset
        return (0..<table.count).map { load(offset + $0) }
    }

    /// The rows of exchanges in flight now. A row that keeps changing under our eyes is left out after a few tries.
    ///
    /// - Parameter isDead: nobody writes here any more. A row that is half written stays so, and is given as torn.
    package func rows(isDead: Bool = false) -> [ExchangeRow] {
        isForeignByNow ? [] : (0..<rowCount).compactMap { row($0, isDead: isDead) }
    }

    /// Its worker, which had not begun when the panel was made, writes another layout than ours.
    private var isForeignByNow: Bool {
        let version = load(PanelLayout.Header.version.rawValue)
        return version != 0 && version != PanelLayout.version
    }

    /// On the supervisor's panel: its children.
    package func processes() -> [ProcessRow] {
        (0..<rowCount).compactMap { index in
            guard let row = consistent(index, { ProcessRow($0) }), row.pid != 0 else { return nil }
            return row
        }
    }

    private func row(_ index: Int, isDead: Bool) -> ExchangeRow? {
        if let row = consistent(index, { ExchangeRow($0) }) { return row.id == 0 ? nil : row }
        let base = PanelLayout.rows + index * PanelLayout.rowWords
        guard isDead, load(base) & 1 == 1 else { return nil }
        var row = ExchangeRow { load(base + 1 + $0) }
        row.isTorn = true
        return row
    }

    /// What lies in a row, if it stood still meanwhile.
    private func consistent<Row>(_ index: Int, _ read: ((Int) -> UInt64) -> Row) -> Row? {
        let base = PanelLayout.rows + index * PanelLayout.rowWords
        for _ in 0..<4 {
            let before = load(base)
            if before == 0 { return nil }
            if before & 1 == 1 { continue }
            let row = read { load(base + 1 + $0) }
            lg_fence_acquire()
            if load(base) == before { return row }
        }
        return nil
    }
}
