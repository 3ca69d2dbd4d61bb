// SPDX-License-Identifier: Apache-2.0

import Shared

/// `lychgate status` for people: columns as kubectl's, aligned, two spaces apart.
enum StatusTable {
    static func text(_ answer: StatusAnswer) -> String {
        let handoff = answer.handoff
        let uptime = DurationText.format(.seconds(Int64(answer.uptimeSeconds)))
        let summary = "lychgate \(answer.version)  pid \(answer.pid)  \(answer.state)  up \(uptime)"
        let listeners = TextTable.text(
            [["LISTENER", "ADDRESS"]] + answer.listeners.map { [$0.name, $0.address] })
        let handoffs = TextTable.text([
            ["ACCEPTED", "HANDED", "CLAIMED", "UNCLAIMED", "REDELIVERED", "LOST"],
            [handoff.accepted, handoff.handed, handoff.claimed, handoff.unclaimed, handoff.redelivered, handoff.lost]
                .map(String.init),
        ])
        let keyring = TextTable.text([
            ["KEYRING", "PID", "GENERATION"],
            [answer.keyring.state, "\(answer.keyring.pid)", "\(answer.keyring.generation)"],
        ])
        let workers = TextTable.text(
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
        let admin = answer.admin.map { admin in
            TextTable.text([
                ["ADMIN", "PID", "ADDRESS", "CONNS"],
                [admin.state, "\(admin.pid)", admin.address, "\(admin.connections)"],
            ])
        }
        return ([summary, listeners, handoffs, keyring] + (admin.map { [$0] } ?? []) + [workers]).joined(
            separator: "\n\n")
    }

    /// One decimal, in MiB.
    private static func memory(_ bytes: UInt64) -> String {
        let tenths = (bytes * 10 + 524_288) / 1_048_576
        return "\(tenths / 10).\(tenths % 10)MiB"
    }
}
