// SPDX-License-Identifier: Apache-2.0

import Shared

/// Ends a draining worker's streams at the times that `DrainScheduler` gives them.
final class StreamDrain: TimerHandler {
    private struct Entry {
        let time: Instant
        weak var exchange: Exchange?
    }

    private let reactor: Reactor
    private var scheduler: DrainScheduler?
    /// The next one last.
    private var entries: [Entry] = []
    private var timer = Reactor.Timer.none

    init(reactor: Reactor) {
        self.reactor = reactor
    }

    /// The drain has begun, or must end sooner than was said. `streams`: those there are.
    func begin(_ streams: [Exchange], until deadline: Instant) {
        let now = reactor.now
        var scheduler = DrainScheduler(begin: now, deadline: deadline, seed: now.nanoseconds)
        let times = scheduler.times(streams.count)
        self.scheduler = scheduler
        entries = zip(times, streams).map { Entry(time: $0, exchange: $1) }.reversed()
        wait()
    }

    /// A stream has begun while the worker drains.
    func add(_ stream: Exchange) {
        guard let time = scheduler?.time(now: reactor.now) else { return }
        let place = entries.firstIndex { $0.time <= time } ?? entries.endIndex
        entries.insert(Entry(time: time, exchange: stream), at: place)
        wait()
    }

    func stop() {
        entries.removeAll()
        reactor.cancelTimer(&timer)
    }

    private func wait() {
        reactor.cancelTimer(&timer)
        guard let next = entries.last else { return }
        timer = reactor.startTimer(at: next.time, handler: self)
    }

    func timerFired(tag: UInt32, now: Instant) {
        timer = .none
        while let next = entries.last, next.time <= now {
            entries.removeLast()
            next.exchange?.endAtBoundary()
        }
        wait()
    }
}
