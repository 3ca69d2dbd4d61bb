// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// What a dead child leaves in the log: how it ended, what it used, and what was in flight, from its panel. Requests are
/// shown by method, path and user; nothing secret is ever on a panel.
struct BlackBox {
    /// Rows written out at most: far more than a worker dies of, and no more than a moment's work.
    static let maxRows = 1_024

    let log: Logger
    let now: Instant

    func write(_ process: WorkerProcess, exit: ChildProcess.Exit, slot: WorkerSlot, asTold: Bool, kept: Int, lost: Int)
    {
        var metadata = describe(process)
        metadata["exit"] = "\(exit)"
        metadata["age_ms"] = "\(Int(now.since(process.started).milliseconds))"
        metadata["user_ms"] = "\(exit.userMicroseconds / 1_000)"
        metadata["system_ms"] = "\(exit.systemMicroseconds / 1_000)"
        metadata["max_rss_kib"] = "\(exit.maxResidentKiB)"
        metadata["minor_faults"] = "\(exit.minorFaults)"
        metadata["major_faults"] = "\(exit.majorFaults)"
        metadata["voluntary_switches"] = "\(exit.voluntarySwitches)"
        metadata["involuntary_switches"] = "\(exit.involuntarySwitches)"
        if let reason = slot.machine.reason { metadata["reason"] = "\(reason.rawValue)" }
        if let reason = slot.leavesFor { metadata["replaced_for"] = "\(reason.rawValue)" }
        if asTold, exit.code == ExitCode.success {
            log.debug("child ended", metadata: metadata)
            return
        }
        // The rows of other roles are no requests.
        let rows = process.role == .gateway ? process.panel.rows(isDead: true) : []
        metadata["in_flight"] = "\(rows.count)"
        metadata["crash_tally"] = "\(slot.machine.youngDeaths)"
        metadata["redeliver"] = "\(kept)"
        metadata["lost"] = "\(lost)"
        log.error("child died", metadata: metadata)
        write(rows: rows, of: process, limit: Self.maxRows)
    }

    /// A child whose heartbeat is lost, while it still hangs: whether it sleeps or spins, and in what.
    func writeHang(_ process: WorkerProcess) {
        var metadata = describe(process)
        metadata["heartbeat_age_ms"] = "\(Int(now.since(process.panel.heartbeat).milliseconds))"
        let sight = ProcessSight(pid: process.pid)
        for (key, value) in [
            ("state", sight.state), ("wchan", sight.wchan), ("syscall", sight.systemCall),
            ("user_ms", sight.userMilliseconds.map { "\($0)" }),
            ("system_ms", sight.systemMilliseconds.map { "\($0)" }),
        ] {
            if let value { metadata[key] = "\(value)" }
        }
        log.error("child hangs", metadata: metadata)
    }

    /// One line per row, oldest first.
    func write(rows: [ExchangeRow], of process: WorkerProcess, limit: Int) {
        for row in rows.sorted(by: { $0.started < $1.started }).prefix(limit) {
            var metadata = describe(process)
            metadata["exchange"] = "\(row.id)"
            metadata["phase"] = "\(ExchangePhase.name(row.phase))"
            metadata["age_ms"] = "\(Int(now.since(row.started).milliseconds))"
            metadata["idle_ms"] = "\(Int(now.since(row.lastProgress).milliseconds))"
            metadata["class"] = "\(row.kind.name)"
            metadata["verb"] = "\(row.verb.name)"
            metadata["resource"] = "\(row.resource.text)"
            if row.isTorn { metadata["torn"] = "true" }
            metadata["client"] = "\(row.client)"
            metadata["method"] = "\(row.method.text)"
            metadata["path"] = "\(row.path.text)"
            metadata["user"] = "\(row.user.text)"
            metadata["bytes_in"] = "\(row.bytesFromClient)"
            metadata["bytes_out"] = "\(row.bytesToClient)"
            log.notice("in flight", metadata: metadata)
        }
        if rows.count > limit {
            log.notice("more in flight", metadata: ["rows": "\(rows.count - limit)"])
        }
    }

    private func describe(_ process: WorkerProcess) -> Logger.Metadata {
        ["role": "\(process.role.rawValue)", "worker": "\(process.id)", "pid": "\(process.pid)"]
    }
}
