// SPDX-License-Identifier: Apache-2.0

import Shared

/// The life of the processes of one slot, one after the other. Pure: the driver spawns, signals and reaps as it is told,
/// and calls `timeReached` at `nextDeadline`.
///
/// ```
/// waiting ──time──▶ starting ──ready──▶ ready ──drain──▶ draining
///    ▲                 │ start deadline    │ hung            │ deadline
///    │                 ▼                   ▼                 ▼
///    └──exited──── killed ◀──2 s──── aborted             killed
///                      └──exited, when no more is wanted──▶ gone
/// ```
struct SlotStateMachine: Equatable, Codable {
    enum State: Equatable, Sendable, Codable {
        /// No process; one is started at that time.
        case waiting(until: Instant)
        case starting(deadline: Instant, greeted: Bool)
        case ready
        case draining(deadline: Instant)
        /// It was sent SIGABRT, or has closed its channel; SIGKILL follows.
        case aborted(deadline: Instant)
        /// SIGKILL was sent; only the kernel is waited for.
        case killed
        /// No process, and none will be.
        case gone
    }

    /// Why a process is ended by us.
    enum Reason: String, Equatable, Sendable, Codable {
        case startDeadline = "not ready within deadlines.workerStart"
        case protocolError = "broke the control protocol"
        case hung = "heartbeat lost"
        case drainDeadline = "drain deadline"
        case forced = "told to stop at once"
        case channelLost = "closed its control channel"
        case memoryHard = "above recycling.memoryHard"
        case versionSkew = "speaks another version of the control protocol"
    }

    enum Action: Equatable, Sendable {
        case none
        case spawn(generation: UInt32)
        case signal(Int32, Reason)
    }

    /// What follows a process's end.
    enum Aftermath: Equatable, Sendable {
        case restart(at: Instant)
        case gone
    }

    static let signalAbort: Int32 = 6
    static let signalKill: Int32 = 9
    /// From SIGABRT to SIGKILL: enough to end by itself, not enough to keep clients waiting.
    static let abortGrace = Duration.seconds(2)
    /// A process that ends sooner after `ready` has died young.
    static let youngAge = Duration.seconds(10)
    static let firstBackOff = Duration.milliseconds(100)
    /// The longest back-off, from start to start, for those that never became ready, and for those that did.
    static let longestBackOff = Duration.seconds(10)
    static let longestBackOffOnceReady = Duration.seconds(1)

    private(set) var state: State
    /// Of the process that holds the slot, or held it last; 0: none so far.
    private(set) var generation: UInt32 = 0
    /// Deaths in a row of processes that died young: the crash tally.
    private(set) var youngDeaths = 0
    private(set) var deaths = 0
    /// Deaths in a row before `ready`. They alone make the longer back-off: a process that was killed while it started,
    /// after others that had served, says nothing about the next.
    private var failedStarts = 0
    /// Why we ended the process that holds the slot; nil when it is not our doing.
    private(set) var reason: Reason?
    private var startedAt = Instant.zero
    /// The process that holds the slot was told to drain; what ends it afterwards is no fault of the next one's.
    private(set) var wasToldToDrain = false
    /// Of the process that holds the slot, or held it last; nil: it never was.
    private(set) var readySince: Instant?
    private var wanted = true
    private var startAllowance: Duration
    private let mayWaitOnceGreeted: Bool

    /// - Parameters:
    ///   - startAllowance: from the start to `ready`.
    ///   - mayWaitOnceGreeted: it has that long only until `hello`, because what it waits for afterwards is others'
    ///     fault and no restart brings it nearer (the keyring, while the issuer is down).
    init(startAllowance: Duration, mayWaitOnceGreeted: Bool = false, now: Instant) {
        self.startAllowance = startAllowance
        self.mayWaitOnceGreeted = mayWaitOnceGreeted
        state = .waiting(until: now)
    }

    /// A slot that nobody holds until it is opened.
    static func spare(startAllowance: Duration, now: Instant) -> SlotStateMachine {
        var machine = SlotStateMachine(startAllowance: startAllowance, now: now)
        machine.state = .gone
        machine.wanted = false
        return machine
    }

    /// Somebody is to take this slot that nobody holds, at once; what happened to those before says nothing of them.
    mutating func open(_ now: Instant, startAllowance: Duration) {
        precondition(state == .gone, "the slot is taken")
        wanted = true
        self.startAllowance = startAllowance
        youngDeaths = 0
        failedStarts = 0
        state = .waiting(until: now)
    }

    /// When `timeReached` has something to do.
    var nextDeadline: Instant {
        switch state {
        case .waiting(let until): until
        case .starting(let deadline, _), .draining(let deadline), .aborted(let deadline): deadline
        case .ready, .killed, .gone: .never
        }
    }

    /// Nobody takes the slot after the process that holds it.
    var isLeaving: Bool { !wanted && state != .gone }

    /// Whether a process is there, which somebody must reap.
    var hasProcess: Bool {
        switch state {
        case .waiting, .gone: false
        case .starting, .ready, .draining, .aborted, .killed: true
        }
    }

    mutating func timeReached(_ now: Instant) -> Action {
        guard now >= nextDeadline else { return .none }
        switch state {
        case .waiting:
            generation += 1
            reason = nil
            readySince = nil
            wasToldToDrain = false
            startedAt = now
            state = .starting(deadline: now + startAllowance, greeted: false)
            return .spawn(generation: generation)
        case .starting: return kill(.startDeadline)
        case .draining: return kill(.drainDeadline)
        case .aborted:
            state = .killed
            reason = reason ?? .channelLost
            return .signal(Self.signalKill, reason ?? .channelLost)
        case .ready, .killed, .gone: return .none
        }
    }

    /// The process could not even be started.
    mutating func spawnFailed(_ now: Instant) -> Aftermath { exited(now) }

    /// Its first message. False: it broke the protocol.
    mutating func greeted(version: UInt32) -> Bool {
        guard ControlProtocol.understood.contains(version) else { return false }
        switch state {
        case .starting(let deadline, false):
            state = .starting(deadline: mayWaitOnceGreeted ? .never : deadline, greeted: true)
            return true
        case .draining, .aborted, .killed: return true
        case .waiting, .starting, .ready, .gone: return false
        }
    }

    /// It can serve. False: it broke the protocol.
    mutating func becameReady(_ now: Instant) -> Bool {
        switch state {
        case .starting(_, true):
            readySince = now
            failedStarts = 0
            state = .ready
            return true
        // It said so before our words reached it.
        case .draining, .aborted, .killed: return true
        case .waiting, .starting, .ready, .gone: return false
        }
    }

    /// What is in flight may end until `deadline`. `last`: nobody takes the slot afterwards.
    /// True: the process is to be told.
    mutating func drain(deadline: Instant, last: Bool) -> Bool {
        if last { wanted = false }
        switch state {
        case .waiting:
            if last { state = .gone }
            return false
        case .starting, .ready:
            state = .draining(deadline: deadline)
            wasToldToDrain = true
            return true
        // A second call may only bring the end nearer.
        case .draining(let before):
            state = .draining(deadline: min(before, deadline))
            return true
        case .aborted, .killed, .gone: return false
        }
    }

    /// It does not turn any more: SIGABRT, by which its end is told from others', then SIGKILL. There is no core file:
    /// keys and tokens are in its memory, so it is not dumpable. What it hung in is looked up before (`BlackBox.writeHang`).
    mutating func hung(_ now: Instant) -> Action {
        switch state {
        case .ready, .draining, .starting:
            state = .aborted(deadline: now + Self.abortGrace)
            reason = .hung
            return .signal(Self.signalAbort, .hung)
        case .waiting, .aborted, .killed, .gone: return .none
        }
    }

    /// Its end of the channel is closed: it is ending, or it is no use any more.
    mutating func channelLost(_ now: Instant) {
        switch state {
        case .ready, .starting: state = .aborted(deadline: now + Self.abortGrace)
        case .draining(let deadline): state = .aborted(deadline: min(deadline, now + Self.abortGrace))
        case .waiting, .aborted, .killed, .gone: break
        }
    }

    /// Ends the process now.
    mutating func kill(_ why: Reason) -> Action {
        switch state {
        case .starting, .ready, .draining, .aborted:
            state = .killed
            reason = reason ?? why
            return .signal(Self.signalKill, why)
        case .waiting, .killed, .gone: return .none
        }
    }

    /// The process has ended and was reaped.
    mutating func exited(_ now: Instant) -> Aftermath {
        precondition(hasProcess, "an end without a process")
        deaths += 1
        guard wanted else {
            state = .gone
            return .gone
        }
        if wasToldToDrain {
            // It went as it was told, which says nothing of the next one.
            state = .waiting(until: now)
            return .restart(at: now)
        }
        let delay = backOff(now)
        state = .waiting(until: now + delay)
        return .restart(at: now + delay)
    }

    /// How long from now the next start must wait.
    private mutating func backOff(_ now: Instant) -> Duration {
        if let readySince, now.since(readySince) >= Self.youngAge {
            youngDeaths = 0
            return .zero
        }
        youngDeaths += 1
        let exponent: Int
        let longest: Duration
        if readySince == nil {
            failedStarts += 1
            exponent = failedStarts - 1
            longest = Self.longestBackOff
        } else {
            // One that had served is replaced at once the first time: a single crash must not cost capacity.
            exponent = youngDeaths - 2
            longest = Self.longestBackOffOnceReady
        }
        guard exponent >= 0 else { return .zero }
        let backOff = min(Self.firstBackOff * (1 << min(exponent, 16)), longest)
        // From start to start: one that took its time to fail has waited long enough.
        return max(.zero, backOff - now.since(startedAt))
    }
}
