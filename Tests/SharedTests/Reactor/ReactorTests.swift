// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Testing

@testable import Shared

@Suite("Reactor")
struct ReactorTests {
    final class Handler: EventHandler, TimerHandler {
        var events: [(readiness: Readiness, tag: UInt32)] = []
        var timers: [UInt32] = []
        var onReady: (Readiness, UInt32) -> Void = { _, _ in }
        var onTimer: (UInt32, Instant) -> Void = { _, _ in }

        func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
            events.append((readiness, tag))
            onReady(readiness, tag)
        }

        func timerFired(tag: UInt32, now: Instant) {
            timers.append(tag)
            onTimer(tag, now)
        }
    }

    let reactor: Reactor
    let handler = Handler()

    init() throws {
        reactor = Reactor(kernel: try LinuxKernel())
    }

    private func pair() throws -> (left: Int32, right: Int32) { try Sockets.streamPair() }

    @Test func tellsReadabilityWithTheTagUntilItIsRead() throws {
        let (left, right) = try pair()
        defer { for fd in [left, right] { close(fd) } }
        var registration = try reactor.register(left, .read, handler: handler, tag: 42)
        reactor.turn(maxWait: .zero)
        #expect(handler.events.isEmpty)
        #expect(Sockets.write(right, "x") == 1)
        reactor.turn(maxWait: .seconds(5))
        reactor.turn(maxWait: .seconds(5))
        #expect(handler.events.map(\.tag) == [42, 42], "level-triggered: told until it is read")
        #expect(handler.events.allSatisfy { $0.readiness == .readable })
        #expect(Sockets.read(left) == [0x78])
        reactor.turn(maxWait: .zero)
        #expect(handler.events.count == 2)
        reactor.remove(&registration)
        #expect(registration == .none)
    }

    @Test func whatWasHeardAndNotToldYetCanBeAskedFor() throws {
        let pairs = [try pair(), try pair()]
        defer { for (left, right) in pairs { for fd in [left, right] { close(fd) } } }
        var registrations: [Reactor.Registration] = []
        for (index, pair) in pairs.enumerated() {
            registrations.append(try reactor.register(pair.left, .read, handler: handler, tag: UInt32(index)))
        }
        var seen: [[Bool]] = []
        handler.onReady = { [reactor] _, tag in
            seen.append([
                reactor.hasUndelivered(registrations[Int(tag)]), reactor.hasUndelivered(registrations[1 - Int(tag)]),
            ])
        }
        for pair in pairs { #expect(Sockets.write(pair.right, "x") == 1) }
        #expect(!registrations.contains { reactor.hasUndelivered($0) })
        let waits = reactor.waits
        reactor.turn(maxWait: .seconds(5))
        #expect(reactor.waits == waits + 1)
        #expect(reactor.heardAll)
        // The first to be told knows of the other; nobody is told twice.
        #expect(seen == [[false, true], [false, false]])
        #expect(!registrations.contains { reactor.hasUndelivered($0) })
        for index in registrations.indices { reactor.remove(&registrations[index]) }
    }

    @Test func unreadBytesAndEndsAreSeenWithoutTakingThem() throws {
        let (left, right) = try pair()
        defer { close(left) }
        #expect(!reactor.kernel.hasUnread(left))
        #expect(Sockets.write(right, "x") == 1)
        #expect(reactor.kernel.hasUnread(left) && reactor.kernel.hasUnread(left))
        #expect(Sockets.read(left) == [0x78])
        #expect(!reactor.kernel.hasUnread(left))
        close(right)
        #expect(reactor.kernel.hasUnread(left))
    }

    @Test func interestChanges() throws {
        let (left, right) = try pair()
        defer { close(left) }
        var registration = try reactor.register(left, [.read, .write], handler: handler)
        reactor.turn(maxWait: .seconds(5))
        #expect(handler.events.last?.readiness == .writable)
        reactor.setInterest(registration, .read)
        reactor.turn(maxWait: .zero)
        #expect(handler.events.count == 1)
        #expect(Sockets.write(right, "x") == 1)
        reactor.setInterest(registration, [])
        reactor.turn(maxWait: .zero)
        #expect(handler.events.count == 1)
        reactor.setInterest(registration, .read)
        reactor.turn(maxWait: .seconds(5))
        #expect(handler.events.last?.readiness == .readable)
        reactor.setInterest(registration, .hangup)
        reactor.turn(maxWait: .zero)
        #expect(handler.events.count == 2)
        lg_shutdown(right, Int32(SHUT_WR))
        reactor.turn(maxWait: .seconds(5))
        #expect(handler.events.last?.readiness == .peerClosed, "told also while not reading")
        reactor.setInterest(registration, [])
        reactor.turn(maxWait: .zero)
        #expect(handler.events.count == 3)
        close(right)
        reactor.turn(maxWait: .seconds(5))
        #expect(try #require(handler.events.last).readiness.contains(.failed), "both sides closed is always told")
        reactor.remove(&registration)
        reactor.setInterest(registration, .read)
        reactor.turn(maxWait: .zero)
        #expect(handler.events.count == 4)
    }

    @Test func aHandlerMayRemoveItself() throws {
        let (left, right) = try pair()
        defer { for fd in [left, right] { close(fd) } }
        var registration = try reactor.register(left, .read, handler: handler)
        handler.onReady = { _, _ in reactor.remove(&registration) }
        #expect(Sockets.write(right, "x") == 1)
        reactor.turn(maxWait: .seconds(5))
        reactor.turn(maxWait: .zero)
        #expect(handler.events.count == 1)
        reactor.remove(&registration)
        var again = try reactor.register(left, .read, handler: handler)
        #expect(again.generation == 1)
        reactor.remove(&again)
    }

    @Test func eventsOfARemovedRegistrationNeverReachItsSuccessor() throws {
        let pairs = [try pair(), try pair(), try pair()]
        defer { for (left, right) in pairs { for fd in [left, right] { close(fd) } } }
        let successor = Handler()
        var registrations = [
            try reactor.register(pairs[0].left, .read, handler: handler, tag: 0),
            try reactor.register(pairs[1].left, .read, handler: handler, tag: 1),
        ]
        handler.onReady = { _, tag in
            let other = Int(1 - tag)
            reactor.remove(&registrations[other])
            // The place of the removed one is taken while its event still waits in this turn's batch.
            registrations[other] = (try? reactor.register(pairs[2].left, .read, handler: successor)) ?? .none
            handler.onReady = { _, _ in }
        }
        for index in 0..<2 { #expect(Sockets.write(pairs[index].right, "x") == 1) }
        reactor.turn(maxWait: .seconds(5))
        #expect(handler.events.count == 1)
        #expect(successor.events.isEmpty)
        #expect(Sockets.write(pairs[2].right, "x") == 1)
        reactor.turn(maxWait: .seconds(5))
        #expect(successor.events.count == 1)
        for index in 0..<2 { reactor.remove(&registrations[index]) }
    }

    @Test func whatCannotBeWatchedIsRefused() throws {
        let (left, right) = try pair()
        defer { for fd in [left, right] { close(fd) } }
        let file = try MemoryFile.sealed(name: "test", bytes: [])
        #expect(throws: Errno(EPERM)) { try reactor.register(file.raw, .read, handler: handler) }
        var registration = try reactor.register(left, .read, handler: handler)
        #expect(throws: Errno(EEXIST)) { try reactor.register(left, .read, handler: handler) }
        #expect(registration.index == 0, "the refused one's place is used again")
        reactor.remove(&registration)
    }

    @Test func timersFireInOrderAndNeverEarly() {
        let start = reactor.now
        var late: [Duration] = []
        handler.onTimer = { tag, now in late.append(now.since(start) - .milliseconds(Int64(tag))) }
        for milliseconds: UInt32 in [30, 10, 20, 0] {
            _ = reactor.startTimer(at: start + .milliseconds(Int64(milliseconds)), handler: handler, tag: milliseconds)
        }
        while reactor.timerCount > 0 { reactor.turn(maxWait: .milliseconds(20)) }
        #expect(handler.timers == [0, 10, 20, 30])
        #expect(late.allSatisfy { $0 >= .zero })
    }

    @Test func timersMayCancelAndStartTimers() {
        let start = reactor.now
        var timers = [Reactor.Timer](repeating: .none, count: 3)
        handler.onTimer = { tag, now in
            if tag >= 2 { return }
            // Both are due in the same tick; whichever comes first ends the other.
            reactor.cancelTimer(&timers[Int(1 - tag)])
            timers[2] = reactor.startTimer(at: now + .milliseconds(4), handler: handler, tag: 2)
        }
        for tag: UInt32 in 0..<2 {
            timers[Int(tag)] = reactor.startTimer(at: start + .milliseconds(6), handler: handler, tag: tag)
        }
        #expect(reactor.isWaiting(timers[0]))
        while reactor.timerCount > 0 { reactor.turn(maxWait: .milliseconds(20)) }
        #expect(handler.timers.count == 2)
        #expect(handler.timers.last == 2)
        reactor.cancelTimer(&timers[2])
        #expect(timers[2] == .none)
        #expect(!reactor.isWaiting(timers[2]))
    }

    @Test func aCancelledTimersHandlerIsLetGo() {
        var owner: Handler? = Handler()
        weak let watched = owner
        var timer = reactor.startTimer(at: .never, handler: Handler())
        reactor.cancelTimer(&timer)
        if let owner { timer = reactor.startTimer(at: .never, handler: owner) }
        owner = nil
        #expect(watched != nil)
        reactor.cancelTimer(&timer)
        #expect(watched == nil)
    }

    @Test func theTurnsEndComesAlsoAfterStop() throws {
        let (left, right) = try pair()
        defer { for fd in [left, right] { close(fd) } }
        var batched = 0
        var sent = 0
        reactor.atTurnEnd {
            sent += batched
            batched = 0
        }
        var registration = try reactor.register(left, .read, handler: handler)
        handler.onReady = { _, _ in
            batched += 1
            reactor.stop()
        }
        #expect(Sockets.write(right, "x") == 1)
        reactor.run()
        #expect(sent == 1)
        reactor.remove(&registration)
    }
}
