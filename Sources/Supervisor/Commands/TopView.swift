// SPDX-License-Identifier: Apache-2.0

/// What `lychgate top` shows: the workers with their rates, then the requests in flight, oldest first. Pure.
struct TopView {
    /// What was asked at one moment.
    struct Sample: Equatable {
        var status: SupervisorStatus
        var requests: RequestList
    }

    /// nil: this is the first one, and there are no rates yet.
    private var before: SupervisorStatus?

    /// The text of a new sample, in lines.
    ///
    /// - Parameter requests: requests listed at most.
    mutating func lines(_ sample: Sample, requests most: Int) -> [String] {
        let status = sample.status
        let before = self.before
        self.before = status
        let seconds = before.map { status.uptimeSeconds - $0.uptimeSeconds } ?? 0
        // Of the same process alone: a worker that has just started has no rate.
        let ended = status.workers.map { worker -> Double? in
            guard seconds > 0, let old = before?.workers.first(where: { $0.pid == worker.pid && $0.pid > 0 }),
                worker.exchangesEnded >= old.exchangesEnded
            else { return nil }
            return Double(worker.exchangesEnded - old.exchangesEnded) / seconds
        }
        var text = [
            StatusTable.summary(status), Self.totals(status, before: before, seconds: seconds, ended: ended), "",
            StatusTable.workers(status.workers, rates: ended),
        ].joined(separator: "\n")
        if !sample.requests.requests.isEmpty, most > 0 {
            let shown = RequestList(
                requests: Array(sample.requests.requests.prefix(most)), total: sample.requests.total)
            text += "\n\n" + RequestTable.text(shown)
        }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func totals(
        _ status: SupervisorStatus, before: SupervisorStatus?, seconds: Double, ended: [Double?]
    ) -> String {
        let sum = { (figure: (SupervisorStatus.Worker) -> UInt64) in status.workers.reduce(0) { $0 &+ figure($1) } }
        let accepted = before.flatMap { before -> String? in
            guard seconds > 0, status.handoff.accepted >= before.handoff.accepted else { return nil }
            return rate(Double(status.handoff.accepted - before.handoff.accepted) / seconds)
        }
        let requests = ended.contains { $0 != nil } ? rate(ended.reduce(0) { $0 + ($1 ?? 0) }) : nil
        return [
            "requests \(requests ?? "-")/s", "connections \(accepted ?? "-")/s",
            "in flight \(sum(\.inFlight))", "open \(sum(\.connections))", "orphans \(sum(\.orphans))",
            "lost \(status.handoff.lost)", "replaced \(status.recycles.isEmpty ? "0" : StatusTable.recycles(status))",
        ].joined(separator: "  ")
    }

    /// One decimal below 10.
    private static func rate(_ value: Double) -> String {
        value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int(min(value, 1e15).rounded()))"
    }

    /// Lines as a terminal is to show them in place of what it shows: from its upper left corner on, none longer or
    /// more than there is room for, and what stood there before gone (ECMA-48: CUP, EL, ED).
    static func frame(_ lines: [String], rows: Int, columns: Int) -> String {
        let shown = lines.prefix(max(1, rows - 1)).map { $0.prefix(columns) + "\u{1b}[K\n" }
        return "\u{1b}[H" + shown.joined() + "\u{1b}[J"
    }
}
