// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Shared

/// Since when what a turn handles can have been there, on a kernel whose clock and waits are scripted.
@Suite("Reactor: since when")
struct HappenedSinceTests {
    /// Plays one descriptor: each wait takes its time and then has so many events of it.
    private final class ScriptedKernel: Kernel {
        var time = Instant(nanoseconds: 1_000_000_000)
        var waits: [(sleeps: Duration, events: Int)] = []
        private var tag: UInt64 = 0

        func now() -> Instant { time }
        func wallClock() -> Int64 { 0 }
        func pollAdd(_ fd: Int32, _ interest: Interest, tag: UInt64) -> Int32 {
            self.tag = tag
            return 0
        }
        func pollWait(_ events: inout [ReadyEvent], timeout: Duration?) -> Int {
            let wait = waits.removeFirst()
            time = time + wait.sleeps
            let count = min(wait.events, events.count)
            for index in 0..<count { events[index] = ReadyEvent(tag: tag, readiness: .readable) }
            return count
        }
        func pollModify(_ fd: Int32, _ interest: Interest, tag: UInt64) {}
        func pollRemove(_ fd: Int32) {}
        func socket(for address: SocketAddress) -> Int32 { -1 }
        func connect(_ fd: Int32, to address: SocketAddress) -> Int32 { -1 }
        func pendingError(_ fd: Int32) -> Int32 { 0 }
        func prepareStream(_ fd: Int32, userTimeout: Duration) {}
        func read(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int { -1 }
        func hasUnread(_ fd: Int32) -> Bool { false }
        func write(_ fd: Int32, from buffer: UnsafeRawBufferPointer) -> Int { -1 }
        func shutdownWrite(_ fd: Int32) {}
        func close(_ fd: Int32, reset: Bool) {}
        func setReset(_ fd: Int32, onClose: Bool) {}
        func bytesConsumed(_ fd: Int32) -> Int64 { 0 }
        func sendRecord(_ fd: Int32, bytes: UnsafeRawBufferPointer, passing descriptor: Int32?) -> Int { -1 }
        func receiveRecord(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> ReceivedRecord {
            ReceivedRecord(count: -1, descriptor: nil, truncated: false, descriptorLost: false)
        }
    }

    private final class Handler: EventHandler {
        var onReady: () -> Void = {}
        func ready(_ readiness: Readiness, tag: UInt32, now: Instant) { onReady() }
    }

    private let kernel = ScriptedKernel()
    private let handler = Handler()

    /// Turns once for each wait; what the first event of each turn is told of its age, and then takes.
    private func ages(
        _ waits: [(sleeps: Duration, events: Int)], work: [Duration]
    ) throws -> [Duration] {
        let reactor = Reactor(kernel: kernel)
        _ = try reactor.register(3, .read, handler: handler)
        var ages: [Duration] = []
        var isFirst = true
        handler.onReady = { [kernel] in
            guard isFirst else { return }
            isFirst = false
            ages.append(kernel.time.since(reactor.happenedSince))
            kernel.time = kernel.time + work[ages.count - 1]
        }
        kernel.waits = waits
        for _ in waits {
            isFirst = true
            reactor.turn(maxWait: nil)
        }
        return ages
    }

    @Test func whatEndsASleepHasJustHappened() throws {
        #expect(
            try ages([(.seconds(3), 1), (.milliseconds(1), 1)], work: [.zero, .zero]) == [.zero, .zero])
    }

    /// The loop was in a handler for 500 ms; whoever left meanwhile may have left at its beginning.
    @Test func whatALateLoopFindsCanBeAsOldAsItsLastLook() throws {
        #expect(
            try ages(
                [(.seconds(3), 1), (.microseconds(5), 1), (.seconds(1), 1)], work: [.milliseconds(500), .zero, .zero])
                == [.zero, .milliseconds(500) + .microseconds(5), .zero])
    }

    /// More was ready than one wait gives: the rest is no younger for having been left.
    @Test func whatAFullBatchLeftBehindIsAsOldAsTheBatch() throws {
        #expect(
            try ages(
                [(.seconds(3), 1), (.zero, 256), (.zero, 1)],
                work: [.milliseconds(300), .milliseconds(200), .zero])
                == [.zero, .milliseconds(300), .milliseconds(500)])
    }
}
