// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import CLinux
internal import Shared

/// Asks other services over HTTP with libcurl's multi-socket interface: curl says which sockets and which timer it waits
/// for, the worker's loop waits. So a look-up that nobody wants any more ends at once, with its connection.
///
/// Bounded by `LookupQueue`. Connections are kept between look-ups, and all closed a while after the last one.
@safe final class LookupClient: EventHandler, TimerHandler {
    typealias Completion = (Result<LookupReply, LookupFailure>) -> Void

    private struct Entry {
        let request: LookupRequest
        let deadline: Instant
        let asked: Instant
        let completion: Completion
        /// nil: it waits for its turn.
        var transfer: CurlTransfer?
    }

    private enum Tag {
        static let curl: UInt32 = 0
        static let idle: UInt32 = 1
        static let failures: UInt32 = 2
    }

    private let reactor: Reactor
    private let panel: PanelWriter
    /// nil: nothing was asked lately.
    private var multi: UnsafeMutableRawPointer?
    private var timer = Reactor.Timer.none
    private var idleTimer = Reactor.Timer.none
    private let sockets: CurlSockets
    private var entries: [UInt64: Entry] = [:]
    /// Those that could not begin when their turn came; their askers hear of it in the next turn.
    private var failures: [UInt64: (completion: Completion, failure: LookupFailure)] = [:]
    private var queue: LookupQueue
    private var lastTicket: UInt64 = 0

    private static let idleTime = Duration.seconds(10)
    /// Connections kept for later.
    private static let maxIdle = 8

    init(reactor: Reactor, panel: PanelWriter, bounds: LookupsConfiguration) {
        self.reactor = reactor
        sockets = CurlSockets(reactor: reactor)
        self.panel = panel
        queue = LookupQueue(maxRunning: bounds.maxConcurrent, maxWaiting: bounds.maxWaiting)
    }

    deinit {
        closeAll()
    }

    /// Look-ups that go on or wait.
    var count: Int { entries.count }

    // MARK: For those who ask

    /// Asks. The completion is called once, later, from the loop; never after `cancel`.
    func ask(
        _ request: LookupRequest, deadline: Instant, _ completion: @escaping Completion
    ) throws(LookupFailure) -> UInt64 {
        lastTicket += 1
        let ticket = lastTicket
        var entry = Entry(request: request, deadline: deadline, asked: reactor.now, completion: completion)
        switch queue.enter(ticket) {
        case .refuse:
            panel.count(.lookups, LookupSeries(request.kind, .refused).index)
            throw .tooMany
        case .wait: entries[ticket] = entry
        case .start:
            do throws(LookupFailure) {
                entry.transfer = try begin(entry)
            } catch {
                // Where this one could start nobody was waiting.
                _ = queue.leaveRunning()
                count(entry, error)
                throw error
            }
            entries[ticket] = entry
        }
        publish()
        return ticket
    }

    /// Nobody waits for it any more.
    func cancel(_ ticket: UInt64) {
        failures[ticket] = nil
        guard let entry = entries.removeValue(forKey: ticket) else { return }
        panel.count(.lookups, LookupSeries(entry.request.kind, .cancelled).index)
        if let transfer = entry.transfer {
            if let multi = unsafe multi { unsafe transfer.detach(from: multi) }
            startNext()
        } else {
            queue.leaveWaiting(ticket)
        }
        settle()
    }

    /// Drops everything under way, without a word to those who wait.
    func stop() {
        closeAll()
        entries.removeAll()
        failures.removeAll()
        queue = LookupQueue(maxRunning: queue.maxRunning, maxWaiting: queue.maxWaiting)
        publish()
    }

    // MARK: Turns

    private func begin(_ entry: Entry) throws(LookupFailure) -> CurlTransfer {
        let remaining = Int(entry.deadline.since(reactor.now).milliseconds)
        guard remaining > 0 else { throw .timedOut }
        guard let multi = unsafe open(),
            let transfer = CurlTransfer(entry.request.transfer(milliseconds: remaining))
        else {
            throw .unavailable("curl cannot start")
        }
        reactor.cancelTimer(&idleTimer)
        // The first socket action comes by the timer, which curl sets here.
        unsafe transfer.attach(to: multi)
        return transfer
    }

    /// One of those that went on has ended: the next one's turn.
    private func startNext() {
        while let ticket = queue.leaveRunning() {
            guard let entry = entries[ticket] else { continue }
            do throws(LookupFailure) {
                let transfer = try begin(entry)
                entries[ticket]?.transfer = transfer
                return
            } catch {
                entries[ticket] = nil
                count(entry, error)
                if failures.isEmpty { reactor.continueNextTurn(self, tag: Tag.failures) }
                failures[ticket] = (entry.completion, error)
            }
        }
    }

    private func tellFailures() {
        while let ticket = failures.keys.min(), let (completion, failure) = failures.removeValue(forKey: ticket) {
            completion(.failure(failure))
        }
    }

    private func settle() {
        publish()
        if entries.isEmpty, unsafe multi != nil, !reactor.isWaiting(idleTimer) {
            idleTimer = reactor.startTimer(at: reactor.now + Self.idleTime, handler: self, tag: Tag.idle)
        }
    }

    private func publish() {
        panel.set(.lookupsRunning, UInt64(queue.running))
        panel.set(.lookupsWaiting, UInt64(queue.waiting.count))
    }

    private func count(_ entry: Entry, _ failure: LookupFailure?) {
        let result: LookupSeries.Result =
            switch failure {
            case nil: .answered
            case .timedOut: .timedOut
            default: .failed
            }
        let kind = entry.request.kind
        panel.count(.lookups, LookupSeries(kind, result).index)
        let microseconds = max(0, reactor.now.since(entry.asked).nanoseconds / 1_000)
        panel.add(.lookups, LookupSeries.time(kind), UInt64(microseconds))
    }

    // MARK: Events

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        act(on: Int32(bitPattern: tag), CurlSockets.events(readiness))
    }

    func timerFired(tag: UInt32, now: Instant) {
        if tag == Tag.failures { return tellFailures() }
        if tag == Tag.idle {
            idleTimer = .none
            if entries.isEmpty { closeAll() }
            return
        }
        timer = .none
        act(on: CURL_SOCKET_BAD, 0)
    }

    private func act(on socket: Int32, _ events: Int32) {
        guard let multi = unsafe multi else { return }
        var running: Int32 = 0
        _ = unsafe curl_multi_socket_action(multi, socket, events, &running)
        var result = CURLE_OK
        while let easy = unsafe lychgate_multi_next_done(multi, &result) {
            guard let (ticket, entry) = entries.first(where: { unsafe $0.value.transfer?.isCurl(easy) ?? false }),
                let transfer = entry.transfer
            else { continue }
            entries[ticket] = nil
            unsafe transfer.detach(from: multi)
            let outcome = transfer.outcome(result).mapError { LookupFailure($0) }
            if case .failure(let failure) = outcome { count(entry, failure) } else { count(entry, nil) }
            startNext()
            entry.completion(outcome)
        }
        settle()
    }

    // MARK: curl

    private func open() -> UnsafeMutableRawPointer? {
        if let multi = unsafe multi { return unsafe multi }
        // CURLOPT_NOSIGNAL leaves SIGPIPE to us.
        lg_ignore_sigpipe()
        guard curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK, let made = unsafe curl_multi_init() else {
            return nil
        }
        unsafe multi = made
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe lychgate_multi_set_long(made, CURLMOPT_MAXCONNECTS, Self.maxIdle)
        _ = unsafe lychgate_multi_set_pointer(made, CURLMOPT_SOCKETDATA, context)
        _ = unsafe lychgate_multi_set_pointer(made, CURLMOPT_TIMERDATA, context)
        _ = unsafe lychgate_multi_set_socket(made) { _, socket, what, context, _ in
            guard let context = unsafe context else { return 0 }
            unsafe Unmanaged<LookupClient>.fromOpaque(context).takeUnretainedValue().watch(socket, what)
            return 0
        }
        _ = unsafe lychgate_multi_set_timer(made) { _, milliseconds, context in
            guard let context = unsafe context else { return 0 }
            unsafe Unmanaged<LookupClient>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds)
            return 0
        }
        return unsafe made
    }

    /// Closes every connection, kept ones included.
    private func closeAll() {
        reactor.cancelTimer(&timer)
        reactor.cancelTimer(&idleTimer)
        guard let multi = unsafe multi else { return }
        unsafe self.multi = nil
        for entry in entries.values { unsafe entry.transfer?.detach(from: multi) }
        entries.removeAll()
        // Cleaning up calls back once more, into an object that may be going away.
        _ = unsafe lychgate_multi_set_socket(multi, nil)
        _ = unsafe lychgate_multi_set_timer(multi, nil)
        sockets.removeAll()
        _ = unsafe curl_multi_cleanup(multi)
    }

    /// curl's CURLMOPT_SOCKETFUNCTION.
    private func watch(_ socket: Int32, _ what: Int32) {
        sockets.watch(socket, what, handler: self)
    }

    /// curl's CURLMOPT_TIMERFUNCTION; below zero: no timer.
    private func setTimer(_ milliseconds: Int) {
        reactor.cancelTimer(&timer)
        guard milliseconds >= 0 else { return }
        timer = reactor.startTimer(at: reactor.now + .milliseconds(milliseconds), handler: self, tag: Tag.curl)
    }
}
