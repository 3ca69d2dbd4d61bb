// SPDX-License-Identifier: Apache-2.0

import Shared

/// `/metrics`: every family of the gateway, in base units. The number of series is bounded by tables of fixed size and by
/// the number of processes; none comes from what a client sends.
struct MetricsPage {
    private static let requestBounds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]
    private static let orphanBounds = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]

    let board: PanelBoard
    let listeners: [String]
    let now: Instant
    /// Seconds since 1970.
    let wallClock: Int64

    var text: String {
        let totals = board.totals
        var page = PrometheusText()
        page.family("build_info", .gauge, "What runs; always 1.")
        page.sample("build_info", [("version", Version.current)], UInt64(1))
        requests(totals, &page)
        outcomes(totals, &page)
        traffic(totals, &page)
        resources(totals, &page)
        if let supervisor = board.supervisor {
            handOff(supervisor, &page)
            children(supervisor, &page)
        }
        heartbeats(&page)
        dates(&page)
        return page.text
    }

    // MARK: Requests

    private func requests(_ totals: PanelTotals, _ page: inout PrometheusText) {
        page.family("requests_total", .counter, "Requests that ended, by status (none: no response was sent).")
        for (index, count) in totals.table(.requests).enumerated() where count > 0 {
            guard let series = RequestSeries(index: index) else { continue }
            page.sample(
                "requests_total",
                [("code", series.codeName), ("verb", series.verb.name), ("protocol", series.transport.name)], count)
        }
        page.histogram(
            "request_duration_seconds", "Duration of ordinary (not long-running) requests.", totals.durations,
            sumMicroseconds: totals.value(.requestMicroseconds), bounds: Self.requestBounds)
        page.family("requests_in_flight", .gauge, "Requests in flight now, by class.")
        let long = totals.value(.longRunningInFlight)
        let tunnels = totals.value(.tunnelsInFlight)
        let all = totals.value(.exchangesInFlight)
        // Three words that are not read at one instant: a difference may come out below zero.
        page.sample("requests_in_flight", [("class", "ordinary")], all > long ? all - long : 0)
        page.sample("requests_in_flight", [("class", "long_running")], long > tunnels ? long - tunnels : 0)
        page.sample("requests_in_flight", [("class", "tunnel")], tunnels)
        page.single("requests_started_total", .counter, "Requests begun.", totals.value(.exchangesOpened))
        page.single("requests_ended_total", .counter, "Requests ended.", totals.value(.exchangesEnded))
    }

    private func outcomes(_ totals: PanelTotals, _ page: inout PrometheusText) {
        page.single("orphans", .gauge, "Upstream work older than 100 ms whose client is gone.", totals.value(.orphans))
        page.histogram(
            "orphan_seconds", "From a client's leaving, at the earliest, to the end of what its request had started.",
            totals.orphanTimes, sumMicroseconds: totals.value(.orphanMicroseconds), bounds: Self.orphanBounds)
        page.family("cancelled_total", .counter, "Requests that ended before their time, by whose doing and phase.")
        for (index, count) in totals.table(.cancellations).enumerated() {
            guard let series = CancellationSeries(index: index), series.phase != .ended else { continue }
            page.sample("cancelled_total", [("by", series.cause.name), ("phase", series.phase.name)], count)
        }
        page.family("deadline_exceeded_total", .counter, "Deadlines that passed, by what was waited for.")
        for (index, count) in totals.table(.deadlines).enumerated() {
            guard let series = DeadlineSeries(index: index) else { continue }
            page.sample("deadline_exceeded_total", [("stage", series.name)], count)
        }
        page.family("authn_attempts_total", .counter, "Judgements of credentials.")
        for (index, count) in totals.table(.authentication).enumerated() {
            guard let series = AuthenticationSeries(index: index), count > 0 || index < 3 else { continue }
            page.sample(
                "authn_attempts_total",
                [("method", series.method), ("result", series.result), ("reason", series.reason)], count)
        }
        lookups(totals, &page)
        page.family("http2_abuse_total", .counter, "HTTP/2 connections ended for what they overdid or broke.")
        for (kind, figure) in [
            ("rapid_resets", Figure.http2RapidResets), ("provoked_resets", .http2ProvokedResets),
            ("head_floods", .http2HeadFloods), ("control_floods", .http2ControlFloods),
            ("empty_frame_floods", .http2EmptyFrameFloods), ("stalls", .http2Stalls),
            ("protocol_errors", .http2ProtocolErrors),
        ] {
            page.sample("http2_abuse_total", [("kind", kind)], totals.value(figure))
        }
        page.single("malformed_requests_total", .counter, "Heads refused.", totals.value(.malformedRequests))
        page.single(
            "overload_refusals_total", .counter, "Requests refused at a limit.", totals.value(.overloadRefusals))
    }

    private func lookups(_ totals: PanelTotals, _ page: inout PrometheusText) {
        page.single(
            "key_waiters", .gauge, "Requests that wait for an issuer's keys.", totals.value(.keyWaiters))
        page.family("lookups_in_flight", .gauge, "Look-ups at other services that go on, or wait for their turn.")
        page.sample("lookups_in_flight", [("state", "running")], totals.value(.lookupsRunning))
        page.sample("lookups_in_flight", [("state", "waiting")], totals.value(.lookupsWaiting))
        page.family("lookups_total", .counter, "Look-ups at other services, and what became of them.")
        let table = totals.table(.lookups)
        for (index, count) in table.enumerated() {
            guard let series = LookupSeries(index: index) else { continue }
            page.sample("lookups_total", [("kind", series.kind.name), ("result", series.result.name)], count)
        }
        page.family(
            "lookup_seconds_total", .counter, "Time of the look-ups that were answered, failed or timed out.")
        for kind in LookupKind.allCases {
            page.sample(
                "lookup_seconds_total", [("kind", kind.name)], Double(table[LookupSeries.time(kind)]) / 1_000_000)
        }
    }

    // MARK: The supervisor

    private func handOff(_ supervisor: PanelReader, _ page: inout PrometheusText) {
        page.single("accepted_total", .counter, "Client connections accepted.", supervisor.value(.accepted))
        page.family("handoff_total", .counter, "Hand-overs of connections to workers, and what became of them.")
        for (result, figure) in [
            ("handed", SupervisorFigure.handed), ("claimed", .claimed), ("closed", .closedUnclaimed),
            ("redelivered", .redelivered), ("lost", .lost), ("forgotten", .forgotten),
        ] {
            page.sample("handoff_total", [("result", result)], supervisor.value(figure))
        }
        page.single(
            "handoff_unclaimed", .gauge, "Connections accepted and neither claimed nor ended.",
            supervisor.value(.unclaimed))
        page.family(
            "refused_connections_total", .counter, "Connections reset because their address had too many, by limit.")
        page.sample("refused_connections_total", [("limit", "connections")], supervisor.value(.refusedConnections))
        page.sample("refused_connections_total", [("limit", "rate")], supervisor.value(.refusedRate))
        page.sample("refused_connections_total", [("limit", "unclaimed")], supervisor.value(.refusedUnclaimed))
        page.single(
            "tracked_addresses", .gauge, "Addresses whose connections are counted.",
            supervisor.value(.trackedAddresses))
        page.single(
            "descriptor_pauses_total", .counter, "How often nothing could be accepted for want of descriptors.",
            supervisor.value(.descriptorPauses))
        pauses(supervisor, &page)
        page.single("worker_slots", .gauge, "Gateway workers there should be.", supervisor.value(.slots))
        page.single("worker_spawns_total", .counter, "Children started.", supervisor.value(.spawns))
        page.family("worker_recycles_total", .counter, "Children replaced, by reason.")
        for (index, count) in supervisor.table(.recycles).enumerated() {
            guard let reason = ChildEnd(rawValue: index) else { continue }
            page.sample("worker_recycles_total", [("reason", reason.name)], count)
        }
        page.family("reloads_total", .counter, "Reloads, restarts and upgrades that ended, by what came of them.")
        for (kind, done, failed) in [
            ("reload", SupervisorFigure.reloadsDone, SupervisorFigure.reloadsFailed),
            ("restart", .restartsDone, .restartsFailed), ("upgrade", .upgradesDone, .upgradesFailed),
        ] {
            page.sample("reloads_total", [("kind", kind), ("result", "done")], supervisor.value(done))
            page.sample("reloads_total", [("kind", kind), ("result", "failed")], supervisor.value(failed))
        }
        page.single(
            "stopping", .gauge, "1 from the beginning of a shutdown on.", supervisor.value(.stopping))
        page.single(
            "supervisor_memory_bytes", .gauge, "Anonymous memory of the supervisor.", supervisor.value(.memoryBytes))
        page.single(
            "start_time_seconds", .gauge, "When the supervisor started, since 1970.", supervisor.value(.startedAt))
    }

    private func children(_ supervisor: PanelReader, _ page: inout PrometheusText) {
        // One series for each slot, whichever processes hold it: series do not multiply with generations.
        var memory: [Place: UInt64] = [:]
        var young: [Place: UInt64] = [:]
        var states: [String: UInt64] = [:]
        for state in ProcessRow.State.allCases { states[state.name] = 0 }
        for row in supervisor.processes() {
            guard let role = PanelOwner.Role(rawValue: UInt8(truncatingIfNeeded: row.role)) else { continue }
            let place = Place(role: "\(role)", slot: row.slot)
            memory[place, default: 0] &+= row.memoryBytes
            young[place] = max(young[place] ?? 0, row.youngDeaths)
            if role == .gateway, let state = ProcessRow.State(rawValue: row.state) {
                states[state.name, default: 0] += 1
            }
        }
        page.family("workers", .gauge, "Gateway workers' processes, by state.")
        for (state, count) in states.sorted(by: { $0.key < $1.key }) {
            page.sample("workers", [("state", state)], count)
        }
        page.family(
            "worker_memory_bytes", .gauge,
            "Memory of children: the larger of anonymous memory and their control group's working set.")
        for (place, bytes) in memory.sorted(by: { $0.key < $1.key }) {
            page.sample("worker_memory_bytes", place.labels, bytes)
        }
        page.family("worker_crash_tally", .gauge, "Deaths in a row of a slot's processes that died young.")
        for (place, count) in young.sorted(by: { $0.key < $1.key }) {
            page.sample("worker_crash_tally", place.labels, count)
        }
    }

    private struct Place: Hashable, Comparable {
        let role: String
        let slot: UInt64

        var labels: PrometheusText.Labels { [("role", role), ("worker", "\(slot)")] }

        static func < (left: Place, right: Place) -> Bool { (left.role, left.slot) < (right.role, right.slot) }
    }

    // MARK: Ages and dates

    private func heartbeats(_ page: inout PrometheusText) {
        if let supervisor = board.supervisor {
            page.family("supervisor_heartbeat_age_seconds", .gauge, "Since the supervisor's loop last turned.")
            page.sample("supervisor_heartbeat_age_seconds", [], age(supervisor))
        }
        var ages: [Place: Double] = [:]
        for role in [PanelOwner.Role.gateway, .keyring, .admin] {
            for (owner, panel) in board.panels(role) where panel.heartbeat != .zero {
                let place = Place(role: "\(role)", slot: UInt64(owner.slot))
                ages[place] = max(ages[place] ?? 0, age(panel))
            }
        }
        page.family("worker_heartbeat_age_seconds", .gauge, "Since a child's loop last turned.")
        for (place, age) in ages.sorted(by: { $0.key < $1.key }) {
            page.sample("worker_heartbeat_age_seconds", place.labels, age)
        }
    }

    private func age(_ panel: PanelReader) -> Double { now.since(panel.heartbeat).milliseconds / 1_000 }

    private func dates(_ page: inout PrometheusText) {
        page.family("jwks_age_seconds", .gauge, "Since an issuer's keys were last fetched; none, if there are none.")
        for issuer in board.issuers where issuer.fetchedAt > 0 {
            page.sample(
                "jwks_age_seconds", [("issuer", issuer.url)],
                UInt64(max(0, wallClock - Int64(clamping: issuer.fetchedAt))))
        }
        var expiries = board.panels(.admin).last.map { $0.panel.value(.certificates, 0) }.map { [("admin", $0)] } ?? []
        for (index, name) in listeners.enumerated() where index < PanelTable.certificates.count {
            // Workers may not all have taken a new certificate yet: the one that ends first counts.
            let dates = board.panels(.gateway).map { $0.panel.value(.certificates, index) }.filter { $0 > 0 }
            expiries.append((name, dates.min() ?? 0))
        }
        page.family(
            "certificate_expiry_timestamp_seconds", .gauge, "When a listener's certificate expires, since 1970.")
        for (name, date) in expiries where date > 0 {
            page.sample("certificate_expiry_timestamp_seconds", [("listener", name)], date)
        }
    }
}
