// SPDX-License-Identifier: Apache-2.0

/// Where everything of a panel lies, in 64-bit words from its start. One panel is one memory file: made by the
/// supervisor, written by one worker, read by everybody else, and still there when its worker is not.
///
/// ```
/// word    0  header: magic, version, pid, identity, state, heartbeat, ready since   (one cache line)
/// word    8  figures (gauges and counters)
/// word  136  histogram of orphan time
/// word  464  histogram of ordinary requests' durations
/// word 1024  tables of counters by label
/// word 2560  rows, one per exchange in flight
/// ```
///
/// The supervisor's own panel has the same layout, with `SupervisorFigure` for `Figure` and a `ProcessRow` in each row.
package enum PanelLayout {
    package static let magic: UInt64 = 0x6c79_6368_6761_7465
    package static let version: UInt64 = 4

    enum Header: Int {
        case magic
        case version
        case pid
        case state
        case heartbeat
        case readySince
        case rows
    }

    static let figures = 8
    static let histogram = 136
    static let durations = 464
    static let tables = 1_024
    static let rows = 2_560
    /// Whole cache lines; an exchange's takes 37, with the sequence number in front.
    static let rowWords = 40

    /// Bytes of a panel with so many rows.
    package static func size(rows count: Int) -> Int { (rows + count * rowWords) * 8 }
}

/// What a worker says of itself on its panel.
package enum WorkerPhase: UInt64, Sendable {
    case starting = 0
    case ready = 1
    case draining = 2
    case stopped = 3
}
