// SPDX-License-Identifier: Apache-2.0

/// Something that owns descriptors registered with the loop.
package protocol EventHandler: AnyObject {
    /// `tag` is what the handler gave at registration, so that one object may own several descriptors.
    func ready(_ readiness: Readiness, tag: UInt32, now: Instant)
}

/// Something that owns timers of the loop.
package protocol TimerHandler: AnyObject {
    /// `tag` is what the handler gave when it started the timer.
    func timerFired(tag: UInt32, now: Instant)
}

/// The one event loop of all processes: level-triggered readiness and timers, synchronous, on one thread.
///
/// Each turn: timers that are due, then the events of one wait, then the turn's end (where batched messages go out and
/// the heartbeat is stamped). A handler may register, change and remove anything, itself included, at any time: events
/// of a removed registration are dropped by its generation.
package final class Reactor {
    package let kernel: any Kernel
    /// The time at the start of what is being handled now.
    package var now: Instant { time }
    /// Private, so that the compiler sees all that touches it and checks nothing at run time.
    private var time: Instant
    /// The earliest moment at which what is being handled now can have happened; never later than `now`.
    ///
    /// A wait that slept was ended by it, so that it has just happened. One that returned at once found it there: it came
    /// at some time since the loop had looked last, and how long ago that was is how late the loop may be.
    package var happenedSince: Instant { since }
    private var since: Instant
    /// When the last wait returned that found no more than it could give.
    private var lookedAt: Instant
    /// A wait that took no longer did not sleep.
    private static let sleepNanoseconds: UInt64 = 50_000
    private let registrations = Slab<Slot>()
    private let freeRegistrations = Slab<Int>(capacity: 16)
    private var timers: TimerWheel
    private let timerOwners = Slab<TimerOwner?>()
    private var events = [ReadyEvent](repeating: ReadyEvent(tag: 0, readiness: []), count: 256)
    /// Those of `events` from `nextEvent` to `lastEvent` are still to be told.
    private var nextEvent = 0
    private var lastEvent = 0
    /// How often the loop has asked the kernel what there is.
    package var waits: UInt64 { waitCount }
    private var waitCount: UInt64 = 0
    /// The last wait has told all that there was then: there was room for more.
    package var heardAll: Bool { heardEverything }
    private var heardEverything = true
    private var deferred: [TimerOwner] = []
    private var turnEnd: [() -> Void] = []
    private var pacer: WakePacer?
    /// `stop` was called: the loop ends with the current turn.
    package var isStopped: Bool { stopped }
    private var stopped = false

    private struct Slot {
        var handler: (any EventHandler)?
        var tag: UInt32 = 0
        var fd: Int32 = -1
        var generation: UInt32 = 0
        var interest: Interest = []
        var isSuspended = false
    }

    private struct TimerOwner {
        let handler: any TimerHandler
        let tag: UInt32
    }

    /// A descriptor's place in the loop; it never matches a later one in the same place.
    package struct Registration: Equatable, Sendable {
        let index: UInt32
        let generation: UInt32

        package static let none = Registration(index: .max, generation: 0)
    }

    package init(kernel: any Kernel) {
        self.kernel = kernel
        time = kernel.now()
        since = time
        lookedAt = time
        timers = TimerWheel(now: time)
    }

    // MARK: Descriptors

    /// Starts to watch `fd`. The handler stays the descriptor's owner, and must remove it before closing it.
    package func register(
        _ fd: Int32, _ interest: Interest, handler: any EventHandler, tag: UInt32 = 0
    ) throws(Errno) -> Registration {
        let index: Int
        if let reused = freeRegistrations.popLast() {
            index = reused
        } else {
            index = registrations.count
            registrations.append(Slot())
        }
        let generation = registrations[index].generation
        let result = kernel.pollAdd(fd, interest, tag: UInt64(generation) << 32 | UInt64(index))
        if result < 0 {
            freeRegistrations.append(index)
            throw Errno(-result)
        }
        registrations[index] = Slot(handler: handler, tag: tag, fd: fd, generation: generation, interest: interest)
        return Registration(index: UInt32(index), generation: generation)
    }

    /// Changes what is watched for; no system call when nothing changes.
    package func setInterest(_ registration: Registration, _ interest: Interest) {
        let index = Int(registration.index)
        guard index < registrations.count, registrations[index].generation == registration.generation,
            registrations[index].interest != interest
        else { return }
        registrations[index].interest = interest
        if registrations[index].isSuspended { return }
        kernel.pollModify(
            registrations[index].fd, interest, tag: UInt64(registration.generation) << 32 | UInt64(index))
    }

    /// Hears nothing at all until `resume`, not even of failure, which otherwise is told again and again to a handler
    /// that cannot act on it yet.
    package func suspend(_ registration: Registration) {
        let index = Int(registration.index)
        guard index < registrations.count, registrations[index].generation == registration.generation,
            !registrations[index].isSuspended
        else { return }
        registrations[index].isSuspended = true
        kernel.pollRemove(registrations[index].fd)
    }

    /// Watches again. False: the kernel has no room for it, and it stays suspended.
    @discardableResult
    package func resume(_ registration: Registration) -> Bool {
        let index = Int(registration.index)
        guard index < registrations.count, registrations[index].generation == registration.generation,
            registrations[index].isSuspended
        else { return true }
        let tag = UInt64(registration.generation) << 32 | UInt64(index)
        guard kernel.pollAdd(registrations[index].fd, registrations[index].interest, tag: tag) >= 0 else {
            return false
        }
        registrations[index].isSuspended = false
        return true
    }

    /// Stops watching; further events of this registration are dropped.
    package func remove(_ registration: inout Registration) {
        let index = Int(registration.index)
        defer { registration = .none }
        guard index < registrations.count, registrations[index].generation == registration.generation,
            registrations[index].handler != nil
        else { return }
        if !registrations[index].isSuspended, !DeliberateFault.isOn(.registrationNotRemoved) {
            kernel.pollRemove(registrations[index].fd)
        }
        registrations[index] = Slot(generation: registration.generation &+ 1)
        freeRegistrations.append(index)
    }

    /// Whether something has been heard of a descriptor that its handler will be told later in this turn.
    package func hasUndelivered(_ registration: Registration) -> Bool {
        let tag = UInt64(registration.generation) << 32 | UInt64(registration.index)
        guard nextEvent < lastEvent else { return false }
        return events[nextEvent..<lastEvent].contains { $0.tag == tag }
    }

    /// Descriptors watched, for the proof that none is left behind.
    package var registrationCount: Int { registrations.count - freeRegistrations.count }

    // MARK: Timers

    package typealias Timer = TimerWheel.Handle

    package func startTimer(at deadline: Instant, handler: any TimerHandler, tag: UInt32 = 0) -> Timer {
        let handle = timers.insert(at: deadline)
        let index = Int(handle.index)
        if index == timerOwners.count { timerOwners.append(nil) }
        timerOwners[index] = TimerOwner(handler: handler, tag: tag)
        return handle
    }

    package func cancelTimer(_ timer: inout Timer) {
        if timers.cancel(timer) { timerOwners[Int(timer.index)] = nil }
        timer = .none
    }

    package func isWaiting(_ timer: Timer) -> Bool { timers.isWaiting(timer) }

    /// Calls the handler in the next turn, which then does not wait: for work that is ready, but whose turn comes after
    /// everybody else's.
    package func continueNextTurn(_ handler: any TimerHandler, tag: UInt32) {
        deferred.append(TimerOwner(handler: handler, tag: tag))
    }

    /// Timers waiting, for the proof that none is left behind.
    package var timerCount: Int { timers.count }

    // MARK: The loop

    /// From now on events that come in quick succession are looked at together, so far apart. For a loop whose events can
    /// wait that long.
    package func paceWakes(_ spacing: Duration) { pacer = WakePacer(spacing: spacing) }

    /// Calls `body` at the end of each turn, before the loop waits.
    package func atTurnEnd(_ body: @escaping () -> Void) {
        turnEnd.append(body)
    }

    /// Runs until `stop`.
    package func run() {
        while !isStopped { turn(maxWait: nil) }
    }

    /// Ends `run` after the current turn; the turn's end comes once more, so nothing batched is lost.
    package func stop() { stopped = true }

    /// Lets go of every handler: for whoever outlives its loop.
    package func forgetAll() {
        stopped = true
        registrations.removeAll()
        freeRegistrations.removeAll()
        timers = TimerWheel(now: time)
        timerOwners.removeAll()
        turnEnd.removeAll()
        deferred.removeAll()
    }

    /// One turn: waits (at most `maxWait`), handles what is due.
    package func turn(maxWait: Duration?) {
        time = kernel.now()
        fireTimers()
        runDeferred()
        finishTurn()
        if isStopped { return }
        rest()
        var timeout = deferred.isEmpty ? maxWait : .zero
        if let deadline = timers.nextDeadline() {
            let wait = deadline.since(now)
            timeout = timeout.map { min($0, wait) } ?? wait
        }
        let asked = kernel.now()
        let count = kernel.pollWait(&events, timeout: timeout)
        waitCount &+= 1
        lastEvent = count
        heardEverything = count < events.count
        time = kernel.now()
        since = time.nanoseconds(since: asked) > Self.sleepNanoseconds ? time : lookedAt
        pacer?.woke(at: time)
        // What a full batch has left behind was there before.
        if count < events.count { lookedAt = time }
        for index in 0..<count {
            let event = events[index]
            nextEvent = index &+ 1
            let slot = Int(truncatingIfNeeded: event.tag & 0xffff_ffff)
            guard registrations[slot].generation == UInt32(truncatingIfNeeded: event.tag >> 32),
                let handler = registrations[slot].handler
            else { continue }
            handler.ready(event.readiness, tag: registrations[slot].tag, now: now)
        }
        lastEvent = 0
        // No turn follows whose start would send out what these events batched.
        if isStopped { finishTurn() }
    }

    /// Lets more happen before the loop looks again; no timer waits for that.
    private func rest() {
        guard let pacer, deferred.isEmpty else { return }
        var pause = pacer.rest(at: kernel.now())
        if let deadline = timers.nextDeadline() { pause = min(pause, deadline.nanoseconds(since: now)) }
        guard pause > 0 else { return }
        kernel.rest(nanoseconds: pause)
        time = kernel.now()
    }

    private func fireTimers() {
        while let index = timers.popExpired(now: now) {
            guard let owner = timerOwners[index] else { continue }
            timerOwners[index] = nil
            owner.handler.timerFired(tag: owner.tag, now: now)
        }
    }

    private func runDeferred() {
        guard !deferred.isEmpty else { return }
        for owner in deferred.takeAll() { owner.handler.timerFired(tag: owner.tag, now: now) }
    }

    private func finishTurn() {
        for body in turnEnd { body() }
    }
}
