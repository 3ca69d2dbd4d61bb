// SPDX-License-Identifier: Apache-2.0

import Shared

/// One side of a tunnel on its socket: says its bytes, checks each that it hears, and ends as planned. That a stream has
/// ended it believes only if the other side had ended its own, and nothing is missing.
final class TunnelTalk {
    enum Outcome {
        /// Something must happen first.
        case waiting
        /// It goes on by itself after that time.
        case pausing(Duration)
        /// Both streams have ended, or this side has nothing more to do with it.
        case over(reset: Bool)
        case lost
    }

    private unowned let world: World
    private let endpoint: Endpoint
    private let id: Int
    private let own: TunnelPlan.Side
    private let other: TunnelPlan.Side
    /// Of the other side's bytes, those that were heard.
    private(set) var heard = 0
    private(set) var hasHeardEnd = false
    /// What must go out before its bytes.
    private let preface: [UInt8]
    private var written = 0
    private var mayWriteAt = Instant.zero
    private var random: Random

    /// - Parameter said: of its bytes, those that are out already.
    init(
        world: World, endpoint: Endpoint, id: Int, own: TunnelPlan.Side, other: TunnelPlan.Side,
        preface: [UInt8] = [], said: Int = 0
    ) {
        self.world = world
        self.endpoint = endpoint
        self.id = id
        self.own = own
        self.other = other
        self.preface = preface
        written = preface.isEmpty ? said : 0
        random = Random(seed: world.scenario.seed, stream: UInt64(6_000_000 + endpoint.id))
    }

    /// Of its own bytes, those that are out.
    var said: Int { max(0, written - preface.count) }
    /// Everything went through, both ways.
    var isWhole: Bool { heard == other.bytes.count && said == own.bytes.count && hasHeardEnd }

    func hear(_ bytes: [UInt8]) {
        world.check(
            Pattern.matches(bytes, other.bytes, at: heard), "tunnel \(id): other bytes come out than went in")
        heard += bytes.count
        world.note("tunnel bytes", id, bytes.count)
    }

    func step() -> Outcome {
        // Who stalls does not read either.
        guard !(own.ending == .stall && said == own.count && own.count < own.bytes.count) else { return .waiting }
        for _ in 0..<8 where !hasHeardEnd {
            switch endpoint.read(random.pick([200, 4_000, 60_000])) {
            case nil: return speak()
            case .failure: return .lost
            case .success(let bytes) where bytes.isEmpty:
                hasHeardEnd = true
                world.note("tunnel end", id, heard)
                world.check(
                    other.endedAt == heard,
                    "tunnel \(id): its end is heard behind \(heard) bytes, and was said behind "
                        + "\(other.endedAt.map { "\($0)" } ?? "none yet")")
            case .success(let bytes): hear(bytes)
            }
        }
        return speak()
    }

    private func speak() -> Outcome {
        let end = preface.count + own.count
        while written < end {
            guard world.now >= mayWriteAt else { return .pausing(mayWriteAt.since(world.now)) }
            let most = min(end, written + own.pace)
            let piece =
                written < preface.count
                ? Array(preface[written..<min(most, preface.count)])
                : Array(own.bytes[written - preface.count..<most - preface.count])
            switch endpoint.write(piece) {
            case nil: return moreToHear
            case .failure: return .lost
            case .success(let count):
                written += count
                mayWriteAt = world.now + own.pause
                if written < end { return .pausing(own.pause) }
            }
        }
        switch own.ending {
        case .stall: return moreToHear
        case .reset, .leave:
            world.fault("tunnel left", id)
            if own.ending == .leave { own.endedAt = said }
            return .over(reset: own.ending == .reset)
        case .finishLast where !hasHeardEnd: return moreToHear
        case .finish, .finishLast:
            if own.endedAt == nil {
                own.endedAt = said
                endpoint.shutdownWrite()
            }
            return hasHeardEnd ? .over(reset: false) : moreToHear
        }
    }

    private var moreToHear: Outcome { endpoint.readable && !hasHeardEnd ? .pausing(.milliseconds(1)) : .waiting }
}
