// SPDX-License-Identifier: Apache-2.0

import Shared

/// A clock that only moves from event to event, the events to come, the trace of those that were, and the first thing
/// that went wrong.
final class World {
    let scenario: Scenario
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    let began: Instant
    private var queue = EventQueue()
    /// Seconds since 1970 at `began`; it can jump.
    var wallOffset: Int64 = 0
    private(set) var trace = Trace()
    private(set) var violation: String?
    var counts = Counts()
    var random: Random
    private var lastID = 0
    /// Everybody falls silent: clients and API server do nothing more.
    var isSilent = false
    /// Some process has died.
    var hasDeaths = false
    /// Some worker has died that was ready.
    var hasLostWorkers = false
    /// Workers were told to drain.
    var hasDrains = false
    private var maxEvents = 3_000_000

    struct Counts {
        var faults = 0
        var requests = 0
        var invariants = 0
    }

    init(_ scenario: Scenario, recordsLines: Bool = false) {
        self.scenario = scenario
        began = now
        random = Random(seed: scenario.seed, stream: 2)
        trace.recordsLines = recordsLines
    }

    func nextID() -> Int {
        lastID += 1
        return lastID
    }

    var elapsed: Duration { now.since(began) }
    var wallClock: Int64 { 1_764_000_100 + wallOffset + elapsed.nanoseconds / 1_000_000_000 }

    func after(_ delay: Duration, _ body: @escaping () -> Void) {
        at(now + delay, body)
    }

    func at(_ time: Instant, _ body: @escaping () -> Void) {
        queue.insert(max(time, now), body)
    }

    /// Lets events happen until `end`, or until something went wrong.
    func run(until end: Instant) {
        while violation == nil, let time = queue.firstTime, time <= end {
            now = time
            queue.popFirst()()
            maxEvents -= 1
            if maxEvents < 0 { fail("the world does not come to rest") }
        }
        if violation == nil { now = max(now, end) }
    }

    /// One more line of the trace, whose hash is the same in every run of the same world.
    func note(_ event: StaticString, _ first: Int = 0, _ second: Int = 0) {
        trace.add(event, first, second, at: now.since(began))
    }

    /// A fault was injected.
    func fault(_ event: StaticString, _ first: Int = 0, _ second: Int = 0) {
        counts.faults += 1
        note(event, first, second)
    }

    /// An invariant is looked at.
    func check(_ holds: Bool, _ text: @autoclosure () -> String) {
        counts.invariants += 1
        if !holds { fail(text()) }
    }

    func fail(_ text: String) {
        guard violation == nil else { return }
        violation = "at \(elapsed): \(text)"
    }

    /// Forgets what is still to come, and with it everything that it holds.
    func forgetEvents() { queue = EventQueue() }
}
