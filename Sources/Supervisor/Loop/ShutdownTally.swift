// SPDX-License-Identifier: Apache-2.0

/// What became of the exchanges that were in flight when the drain began, by the workers' own figures. Pure.
/// served out + ended + cut + killed = all that were in flight or still came in on open connections.
struct ShutdownTally: Equatable, Sendable {
    /// A worker's figures at one moment.
    struct Figures: Equatable, Sendable {
        var ended: UInt64
        var inFlight: UInt64
        var cut: UInt64
        /// Watches and followed logs ended between two items.
        var drained: UInt64 = 0
    }

    /// Ended by themselves.
    private(set) var servedOut: UInt64 = 0
    /// Watches and followed logs that the drain ended, each with a proper end.
    private(set) var drained: UInt64 = 0
    /// Cancelled at the drain deadline.
    private(set) var cut: UInt64 = 0
    /// In flight when their worker was killed or died.
    private(set) var killed: UInt64 = 0

    /// A worker that drained is gone. What it says is its own claim: sums do not trap on it.
    mutating func workerGone(begin: Figures, end: Figures) {
        let cutNow = end.cut > begin.cut ? end.cut - begin.cut : 0
        let drainedNow = end.drained > begin.drained ? end.drained - begin.drained : 0
        let endedNow = end.ended > begin.ended ? end.ended - begin.ended : 0
        let before = cutNow.addingReportingOverflow(drainedNow)
        servedOut &+= !before.overflow && endedNow > before.partialValue ? endedNow - before.partialValue : 0
        drained &+= drainedNow
        cut &+= cutNow
        killed &+= end.inFlight
    }
}
