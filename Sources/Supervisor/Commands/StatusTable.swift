// SPDX-License-Identifier: Apache-2.0

import Shared

/// `lychgate status` for people: columns as kubectl's, aligned, two spaces apart.
enum StatusTable {
    static func text(_ status: SupervisorStatus) -> String {
        let listeners = TextTable.text(
            [["LISTENER", "ADDRESS"]] + status.listeners.map { [$0.name, $0.address] })
        let handoff = status.handoff
        let handoffs = TextTable.text([
            ["ACCEPTED", "HANDED", "CLAIMED", "UNCLAIMED", "REDELIVERED", "LOST"],
            [
                "\(handoff.accepted)", "\(handoff.handed)", "\(handoff.claimed)", "\(handoff.unclaimed)",
                "\(handoff.redelivered)", "\(handoff.lost)",
            ],
        ])
        let keyring = TextTable.text([
            ["KEYRING", "PID", "GENERATION"],
            [status.keyring.state, "\(status.keyring.pid)", "\(status.keyring.generation)"],
        ])
        let admin = status.admin.map { admin in
            TextTable.text([
                ["ADMIN", "PID", "ADDRESS", "CONNS"],
                [admin.state, "\(admin.pid)", admin.address, "\(admin.connections)"],
            ])
        }
        let tables =
            [([summary(status)] + news(status)).joined(separator: "\n"), listeners, handoffs, keyring]
            + (admin.map { [$0] } ?? [])
        return (tables + [workers(status.workers)]).joined(separator: "\n\n")
    }

    /// The line above all tables.
    static func summary(_ status: SupervisorStatus) -> String {
        let uptime = DurationText.format(.seconds(Int64(min(max(0, status.uptimeSeconds), 1e9))))
        return "lychgate \(status.version)  pid \(status.pid)  \(status.state)  up \(uptime)"
    }

    /// What goes on and what has happened, a line each.
    static func news(_ status: SupervisorStatus) -> [String] {
        var lines: [String] = []
        if let change = status.change {
            let what =
                switch (change.phase, change.ready, change.workers) {
                case ("rolling", let ready?, let workers?): "\(ready) of \(workers) workers replaced"
                case ("goingBack", let ready?, let workers?): "going back, \(ready) of \(workers) workers are as before"
                default: change.phase
                }
            lines.append("\(change.kind) under way: \(what)")
        }
        if let failure = status.reloadFailure { lines.append("last reload failed: \(failure)") }
        if let failure = status.upgradeFailure { lines.append("last upgrade failed: \(failure)") }
        if !status.recycles.isEmpty { lines.append("replaced: \(recycles(status))") }
        return lines
    }

    /// Children replaced, by reason.
    static func recycles(_ status: SupervisorStatus) -> String {
        status.recycles.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    /// - Parameter rates: requests ended in a second, by the worker's place; nil: the column is left out.
    static func workers(_ workers: [SupervisorStatus.Worker], rates: [Double?]? = nil) -> String {
        let arePinned = workers.contains { $0.processor != nil }
        let dieYoung = workers.contains { $0.youngDeaths ?? 0 > 0 }
        var header = [
            "WORKER", "STATE", "PID", "AGE", "CONNS", "IN-FLIGHT", "UPSTREAM", "IDLE", "ORPHANS", "ENDED", "CANCELLED",
        ]
        if rates != nil { header.append("ENDED/S") }
        header += ["MEMORY", "FDS"] + (arePinned ? ["CPU"] : []) + (dieYoung ? ["DIED-YOUNG"] : [])
        let rows = workers.enumerated().map { place, worker in
            var cells = [
                "\(worker.slot).\(worker.generation)", worker.state, "\(worker.pid)",
                worker.ageSeconds.map(Self.age) ?? "-", "\(worker.connections)",
                "\(worker.inFlight)", "\(worker.upstreamConnections)", "\(worker.upstreamIdle)", "\(worker.orphans)",
                "\(worker.exchangesEnded)", "\(worker.cancelled)",
            ]
            if let rates { cells.append(rates[place].map { "\(Int($0.rounded()))" } ?? "-") }
            cells += [Self.memory(worker.memoryBytes ?? worker.rssAnonBytes), "\(worker.descriptors)"]
            if arePinned { cells.append(worker.processor.map { "\($0)" } ?? "-") }
            if dieYoung { cells.append(Self.deaths(worker)) }
            return cells
        }
        return TextTable.text([header] + rows)
    }

    private static func age(_ seconds: Double) -> String {
        DurationText.format(.seconds(Int64(min(max(0, seconds), 1e9))))
    }

    /// How many died young in a row, and how long the next one is waited with.
    private static func deaths(_ worker: SupervisorStatus.Worker) -> String {
        let count = "\(worker.youngDeaths ?? 0)"
        guard let wait = worker.startsInSeconds else { return count }
        return "\(count), next in \((wait * 10).rounded(.up) / 10)s"
    }

    /// One decimal, in MiB.
    private static func memory(_ bytes: UInt64) -> String {
        let tenths = (bytes * 10 + 524_288) / 1_048_576
        return "\(tenths / 10).\(tenths % 10)MiB"
    }
}
