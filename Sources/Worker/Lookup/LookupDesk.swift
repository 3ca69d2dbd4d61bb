// SPDX-License-Identifier: Apache-2.0

import Shared

/// What a desk gives out and remembers.
protocol LookupAnswer {
    /// Yes or no: they are remembered apart, so that a flood of one cannot push out the other.
    var isPositive: Bool { get }
    /// The last moment at which it is true, in seconds since 1970.
    var believedUntil: Double { get }
}

/// Whoever waits for an answer; it must `cancel` if it ends before the answer comes.
struct LookupTicket {
    let cancel: () -> Void
}

/// Questions of one kind: remembers the answers for a while, asks once for all who want to know the same at once, and
/// drops a look-up when the last who waited for it has left.
final class LookupDesk<Answer: LookupAnswer> {
    typealias Waiter = (Result<Answer, LookupFailure>) -> Void

    private final class Pending {
        typealias Read = (LookupReply, Double) -> Result<Answer, LookupFailure>

        let request: () throws(LookupFailure) -> LookupRequest
        let read: Read
        var lookup: UInt64 = 0
        /// Of the look-up, that is of whoever had it begun.
        var deadline: Instant
        var waiters: [UInt64: (deadline: Instant, call: Waiter)] = [:]

        init(deadline: Instant, request: @escaping () throws(LookupFailure) -> LookupRequest, read: @escaping Read) {
            self.deadline = deadline
            self.request = request
            self.read = read
        }
    }

    private let kind: LookupKind
    private let client: LookupClient
    private let reactor: Reactor
    private let panel: PanelWriter
    private let acceptedFor: Double
    private let refusedFor: Double
    private var accepted: TokenCache<Answer>
    private var refused: TokenCache<Answer>
    private var pending: [TokenDigest: Pending] = [:]
    private var lastWaiter: UInt64 = 0

    init(
        _ kind: LookupKind, client: LookupClient, reactor: Reactor, panel: PanelWriter, capacity: Int,
        acceptedFor: Duration, refusedFor: Duration
    ) {
        self.kind = kind
        self.client = client
        self.reactor = reactor
        self.panel = panel
        self.acceptedFor = acceptedFor.milliseconds / 1_000
        self.refusedFor = refusedFor.milliseconds / 1_000
        refused = TokenCache(capacity: capacity / 4)
        accepted = TokenCache(capacity: capacity - capacity / 4)
    }

    /// What is remembered of it.
    func find(_ digest: TokenDigest) -> Answer? {
        let now = Double(reactor.kernel.wallClock())
        guard let answer = accepted.find(digest, now: now) ?? refused.find(digest, now: now) else { return nil }
        panel.count(.lookups, LookupSeries(kind, .cached).index)
        return answer
    }

    /// Asks, or waits with those who have asked already. The waiter is called once, later, unless its ticket is
    /// cancelled.
    ///
    /// - Parameters:
    ///   - digest: stands for the question.
    ///   - deadline: the waiter's own, whoever's the look-up is that it joins.
    ///   - read: what a reply means, at a time in seconds since 1970.
    func ask(
        _ digest: TokenDigest, deadline: Instant, request: @escaping () throws(LookupFailure) -> LookupRequest,
        read: @escaping (LookupReply, Double) -> Result<Answer, LookupFailure>, _ waiter: @escaping Waiter
    ) throws(LookupFailure) -> LookupTicket {
        lastWaiter += 1
        let number = lastWaiter
        let entry: Pending
        if let known = pending[digest] {
            entry = known
        } else {
            entry = Pending(deadline: deadline, request: request, read: read)
            try begin(entry, digest)
            pending[digest] = entry
        }
        entry.waiters[number] = (deadline, waiter)
        return LookupTicket { [weak self] in self?.leave(entry, digest, number) }
    }

    private func begin(_ entry: Pending, _ digest: TokenDigest) throws(LookupFailure) {
        entry.lookup = try client.ask(try entry.request(), deadline: entry.deadline) { [unowned self] reply in
            finish(digest, reply)
        }
    }

    private func finish(_ digest: TokenDigest, _ reply: Result<LookupReply, LookupFailure>) {
        guard let entry = pending.removeValue(forKey: digest) else { return }
        let now = Double(reactor.kernel.wallClock())
        let result = reply.flatMap { entry.read($0, now) }
        if case .success(let answer) = result { remember(answer, digest, now) }
        let first = entry.deadline
        if case .failure(.timedOut) = result { askAgain(entry, digest) }
        // Hearing of it may make another one leave.
        let isAskedAgain = pending[digest] === entry
        while let number = entry.waiters.filter({ !isAskedAgain || $0.value.deadline <= first }).keys.min() {
            entry.waiters.removeValue(forKey: number)?.call(result)
        }
    }

    /// The time of whoever had it begun is over. Those who came later have some left, and the question is asked once more.
    private func askAgain(_ entry: Pending, _ digest: TokenDigest) {
        guard let latest = entry.waiters.values.map(\.deadline).max(), latest > max(entry.deadline, reactor.now) else {
            return
        }
        entry.deadline = latest
        do throws(LookupFailure) {
            try begin(entry, digest)
            pending[digest] = entry
        } catch {
            // They hear of the first failure.
        }
    }

    private func remember(_ answer: Answer, _ digest: TokenDigest, _ now: Double) {
        if answer.isPositive {
            let until = min(answer.believedUntil, now + acceptedFor)
            if acceptedFor > 0 { accepted.insert(answer, for: digest, until: until, now: now) }
        } else if refusedFor > 0 {
            refused.insert(answer, for: digest, until: now + refusedFor, now: now)
        }
    }

    private func leave(_ entry: Pending, _ digest: TokenDigest, _ number: UInt64) {
        guard entry.waiters.removeValue(forKey: number) != nil, entry.waiters.isEmpty, pending[digest] === entry
        else { return }
        pending[digest] = nil
        client.cancel(entry.lookup)
    }
}
