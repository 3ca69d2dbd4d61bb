// SPDX-License-Identifier: Apache-2.0

import Shared

/// `lychgate status` for people: columns as kubectl's, aligned, two spaces apart.
enum StatusTable {
    static func text(_ answer: StatusAnswer) -> String {
        let handoff = answer.handoff
        let uptime = DurationText.format(.seconds(Int64(answer.uptimeSeconds)))
        let summary = "lychgate \(answer.version)  pid \(answer.pid)  \(answer.state)  up \(uptime)"
        let listeners = Self.columns(
            [["LISTENER", "ADDRESS"]] + answer.listeners.map { [$0.name, $0.address] })
        let handoffs = Self.columns([
            ["ACCEPTED", "HANDED", "CLAIMED", "UNCLAIMED", "REDELIVERED", "LOST"],
            [handoff.accepted, handoff.handed, handoff.claimed, handoff.unclaimed, handoff.redelivered, handoff.lost]
                .map(String.init),
        ])
        let keyring = Self.columns([
            ["KEYRING", "PID", "GENERATION"],
            [answer.keyring.state, "\(answer.keyring.pid)", "\(answer.keyring.generation)"],
        ])
        let workers = Self.columns(
            [
                [
                    "WORKER", "STATE", "PID", "CONNS", "IN-FLIGHT", "UPSTREAM", "IDLE", "ORPHANS", "ENDED", "CANCELLED",
                    "MEMORY", "FDS",
                ]
            ]
                + answer.workers.map { worker in
                    ["\(worker.slot).\(worker.generation)", worker.state, "\(worker.pid)"]
                        + [
                            worker.connections, worker.inFlight, worker.upstreamConnections, worker.upstreamIdle,
                            worker.orphans, worker.exchangesEnded, worker.cancelled,
                        ].map(String.init) + [Self.memory(worker.rssAnonBytes), "\(worker.descriptors)"]
                })
        return [summary, listeners, handoffs, keyring, workers].joined(separator: "\n\n")
    }

    /// One decimal, in MiB.
    private static func memory(_ bytes: UInt64) -> String {
        let tenths = (bytes * 10 + 524_288) / 1_048_576
        return "\(tenths / 10).\(tenths % 10)MiB"
    }

    private static func columns(_ rows: [[String]]) -> String {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
