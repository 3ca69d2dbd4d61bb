// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a soak came to: its JSON.
struct Report: Codable {
    struct Process: Codable {
        var pid: Int32
        var command: String
        var descriptors: Int
        var rssAnonBytes: Int

        enum CodingKeys: String, CodingKey {
            case pid, command, descriptors
            case rssAnonBytes = "rss_anon_bytes"
        }
    }

    /// The gateway at rest.
    struct Level: Codable {
        var processes: [Process]
        var upstreamConnections: Int
        /// Of its listeners: clients that are gone and still held.
        var socketsInCloseWait: Int

        enum CodingKeys: String, CodingKey {
            case processes
            case upstreamConnections = "upstream_connections"
            case socketsInCloseWait = "sockets_in_close_wait"
        }

        var descriptors: Int { processes.reduce(0) { $0 + $1.descriptors } }
        var rssAnon: Int { processes.reduce(0) { $0 + $1.rssAnonBytes } }
    }

    struct Seconds: Codable {
        var p50 = 0.0
        var p99 = 0.0
        var max = 0.0
        var count = 0

        init(nanoseconds: [UInt64]) {
            let sorted = nanoseconds.sorted()
            count = sorted.count
            guard let last = sorted.last else { return }
            func at(_ share: Double) -> Double {
                Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1e9
            }
            (p50, p99, max) = (at(0.5), at(0.99), Double(last) / 1e9)
        }
    }

    var subject = ""
    var started = ""
    var machine = ""
    var loadBefore = 0.0
    var loadAfter = 0.0
    var requests = 0
    var abandoned = 0
    var abandonedByWay: [String: Int] = [:]
    var abandonedByState: [String: Int] = [:]
    var abandonedByStateAndWay: [String: Int] = [:]
    /// The response or the gateway was quicker than the client's leaving: not counted as abandoned.
    var overtaken = 0
    var heldWatches = 0
    var heldWatchesByWay: [String: Int] = [:]
    /// Of the abandoned, those for which there was something at the upstream.
    var reachedUpstream = 0
    /// Seen by the upstream: at most so many at once had lost their client more than 100 ms ago.
    var orphansMax = 0
    /// The same, as the gateway's own gauge said when it was asked.
    var orphansMaxByItself = 0
    /// As its workers measured it, from their reading of the client's end on.
    var orphanSecondsMaxByItself = 0.0
    /// From the client's leaving until its upstream connection was given up, as clients and upstream saw it.
    var orphanSeconds = Seconds(nanoseconds: [])
    var orphanSecondsByWay: [String: Seconds] = [:]
    var orphanSecondsByState: [String: Seconds] = [:]
    /// Never given up.
    var orphansAfter = 0
    var inFlightMax = 0
    var inFlightAfter = 0
    var upstreamConnectionsAfter = 0
    var upstreamAccepted = 0
    var upstreamDeaths = 0
    var upstreamBlockedWrites = 0
    var before: Level?
    var afterFirstTenth: Level?
    var after: Level?
    /// Of each process of the gateway, in the order of `after`, when nothing was in flight after each tenth.
    var rssAnonAfterTenths: [[Int]] = []
    var recycles: [String: Int] = [:]
    var elapsedSeconds = 0.0
    var failures: [String] = []

    enum CodingKeys: String, CodingKey {
        case subject, started, machine, requests, abandoned, overtaken, before, after, recycles, failures
        case loadBefore = "load_average_before"
        case loadAfter = "load_average_after"
        case abandonedByWay = "abandoned_by_way"
        case abandonedByState = "abandoned_by_state"
        case abandonedByStateAndWay = "abandoned_by_state_and_way"
        case heldWatches = "held_watches"
        case heldWatchesByWay = "held_watches_by_way"
        case reachedUpstream = "reached_upstream"
        case orphansMax = "orphans_max"
        case orphansMaxByItself = "orphans_max_by_itself"
        case orphanSecondsMaxByItself = "orphan_seconds_max_by_itself"
        case orphanSeconds = "orphan_seconds"
        case orphanSecondsByWay = "orphan_seconds_by_way"
        case orphanSecondsByState = "orphan_seconds_by_state"
        case orphansAfter = "orphans_after"
        case inFlightMax = "in_flight_max"
        case inFlightAfter = "in_flight_after"
        case upstreamConnectionsAfter = "upstream_connections_after"
        case upstreamAccepted = "upstream_accepted"
        case upstreamDeaths = "upstream_deaths"
        case upstreamBlockedWrites = "upstream_blocked_writes"
        case afterFirstTenth = "after_first_tenth"
        case rssAnonAfterTenths = "rss_anon_bytes_after_tenths"
        case elapsedSeconds = "elapsed_seconds"
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}

extension Report {
    /// Reads what became of each request out of the ledger.
    mutating func count(_ ledger: Ledger, until end: Int, now: UInt64) {
        var waits: [UInt64] = []
        var waitsByWay: [Way: [UInt64]] = [:]
        var waitsByState: [RequestState: [UInt64]] = [:]
        var changes: [(time: UInt64, change: Int)] = []
        for id in 0..<end {
            let entry = ledger[id]
            guard entry.isBegun, var state = entry.state else { continue }
            guard entry.isLeft, let way = entry.way else {
                if !entry.isHeld { overtaken += 1 }
                continue
            }
            // What was to wait inside the gateway but came through was left while it awaited its response; a held watch
            // that has not begun to answer had no upstream connection.
            if entry.arrivedAt != 0, [.authenticating, .waitingForPool, .connecting].contains(state) {
                state = .awaitingResponse
            }
            if entry.isHeld {
                heldWatches += 1
                heldWatchesByWay["\(way)", default: 0] += 1
            } else {
                abandoned += 1
                abandonedByWay["\(way)", default: 0] += 1
                abandonedByState["\(state)", default: 0] += 1
                abandonedByStateAndWay["\(state) \(way)", default: 0] += 1
            }
            guard entry.arrivedAt != 0 else { continue }
            reachedUpstream += 1
            if entry.goneAt == 0 { orphansAfter += 1 }
            let gone = entry.goneAt == 0 ? now : entry.goneAt
            let wait = gone > entry.leftAt ? gone - entry.leftAt : 0
            waits.append(wait)
            waitsByWay[way, default: []].append(wait)
            waitsByState[state, default: []].append(wait)
            let grace: UInt64 = 100_000_000
            if wait > grace { changes += [(entry.leftAt + grace, 1), (gone, -1)] }
        }
        orphanSeconds = Seconds(nanoseconds: waits)
        for (way, waits) in waitsByWay { orphanSecondsByWay["\(way)"] = Seconds(nanoseconds: waits) }
        for (state, waits) in waitsByState { orphanSecondsByState["\(state)"] = Seconds(nanoseconds: waits) }
        var orphans = 0
        for (_, change) in changes.sorted(by: { ($0.time, $0.change) < ($1.time, $1.change) }) {
            orphans += change
            orphansMax = max(orphansMax, orphans)
        }
        upstreamAccepted = Int(ledger[.upstreamAccepted])
        upstreamDeaths = Int(ledger[.upstreamDeaths])
        upstreamBlockedWrites = Int(ledger[.upstreamBlockedWrites])
    }

    /// What must be as it was; everything else is for people to judge.
    mutating func judge() {
        if abandoned < requests { failures.append("only \(abandoned) of \(requests) requests were abandoned") }
        if inFlightAfter != 0 { failures.append("\(inFlightAfter) requests are in flight at rest") }
        if orphansAfter != 0 { failures.append("\(orphansAfter) upstream connections were never given up") }
        guard let before, let afterFirstTenth, let after else { return failures.append("never at rest") }
        if after.upstreamConnections != before.upstreamConnections {
            failures.append("\(after.upstreamConnections) upstream connections, \(before.upstreamConnections) before")
        }
        if after.socketsInCloseWait > 0 { failures.append("\(after.socketsInCloseWait) sockets in CLOSE-WAIT") }
        // A worker that was replaced has another number; then the sums must do.
        if after.processes.map(\.pid) == before.processes.map(\.pid) {
            for (old, new) in zip(before.processes, after.processes) where new.descriptors != old.descriptors {
                failures.append("\(new.command): \(new.descriptors) descriptors, \(old.descriptors) before")
            }
        } else if after.descriptors != before.descriptors {
            failures.append("\(after.descriptors) descriptors, \(before.descriptors) before")
        }
        // A short soak's first tenth has not warmed everything up yet.
        let slack = requests < 100_000 ? 4 << 20 : 0
        for (old, new) in zip(afterFirstTenth.processes, after.processes)
        where old.pid == new.pid && new.rssAnonBytes > old.rssAnonBytes * 105 / 100 + slack {
            failures.append(
                "\(new.command): RssAnon \(new.rssAnonBytes) bytes, \(old.rssAnonBytes) after the first tenth")
        }
    }
}
