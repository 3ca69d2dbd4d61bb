// SPDX-License-Identifier: Apache-2.0

/// One owner's next deadline, kept cheap for deadlines that move away again and again: a timer that waits already is
/// left alone when the deadline moves later, and looks again when it fires.
package struct DeadlineTimer {
    private var timer = Reactor.Timer.none
    private var scheduled = Instant.never
    package private(set) var deadline = Instant.never

    package init() {}

    /// Sets the deadline; `.never`: none. The handler hears of it under `tag`, and must then ask `isDue`.
    package mutating func set(_ deadline: Instant, on reactor: Reactor, handler: any TimerHandler, tag: UInt32 = 0) {
        self.deadline = deadline
        guard deadline < scheduled else { return }
        reactor.cancelTimer(&timer)
        timer = reactor.startTimer(at: deadline, handler: handler, tag: tag)
        scheduled = deadline
    }

    /// To be asked when the timer has fired: whether the deadline has passed, and if not, waits on.
    package mutating func isDue(now: Instant, on reactor: Reactor, handler: any TimerHandler, tag: UInt32 = 0) -> Bool {
        timer = .none
        scheduled = .never
        if now >= deadline {
            deadline = .never
            return true
        }
        let deadline = self.deadline
        if deadline != .never { set(deadline, on: reactor, handler: handler, tag: tag) }
        return false
    }

    package mutating func cancel(on reactor: Reactor) {
        reactor.cancelTimer(&timer)
        scheduled = .never
        deadline = .never
    }
}
