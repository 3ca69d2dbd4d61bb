// SPDX-License-Identifier: Apache-2.0

import Shared

/// Reading: what the client sends pays first, is noted by the engine's callbacks, and is acted on behind them.
extension HTTP2Session {
    func read() {
        hasMore = false
        if !notes.arrived.isEmpty { afterReading(nil) }
        for _ in 0..<HTTP2Limits.readsPerEvent {
            guard !isEnded, engine.queuedFrames < HTTP2Limits.queuedFrames else { return schedule() }
            guard notes.arrived.isEmpty else { break }
            guard input.reserve(HTTP2Limits.recordSize) else { return leave(.reset, reset: true) }
            switch connection.receive(into: input) {
            case .moved:
                deadlines.received(now: plane.reactor.now)
                let wasFull = input.isFull
                let before = walk
                let failure = charge() ? input.view { literals.feed($0, after: before, to: engine) } : nil
                input.discardAll()
                afterReading(failure)
                guard !isEnded, wasFull || connection.hasPending || !notes.arrived.isEmpty else { return schedule() }
            case .blocked:
                input.giveBackIfEmpty()
                return schedule()
            case .endOfStream: return leave(.closed, reset: false)
            case .lost, .noBuffer: return leave(.reset, reset: true)
            }
        }
        hasMore = true
        schedule()
    }

    /// Makes the frames that were read pay; false: the connection has no more to pay with.
    func charge() -> Bool {
        walk.charge(input, to: &budget, now: plane.reactor.now) { header in
            // Header blocks do not interleave with anything: the last one is over, whatever became of it.
            if header.type != .continuation { deadlines.headEnded() }
        }
    }

    func afterReading(_ failure: HTTP2Engine.Failure?) {
        if failure == .flooded {
            _ = budget.spend(AbuseBudget.oversizedHeadCost, on: floodKind, now: plane.reactor.now)
        }
        if let kind = budget.exhaustedBy { return condemn(kind) }
        if failure != nil { return leave(.misbehaved, reset: true) }
        // What nghttp2 has to say about the requests that have just come: one that it resets is not begun.
        if !notes.arrived.isEmpty, engine.queuedFrames > 0, engine.fill(output) == .failed {
            return leave(.reset, reset: true)
        }
        refuseBroken()
        beginArrived()
        endClosed()
        for stream in HTTP2Notes.take(&notes.starved) {
            // Only what was not begun may be called refused: a client may send that again.
            reset(stream, stream.exchange == nil ? .refusedStream : .internalError)
        }
        tellTouched()
        deadlines.streamsChanged(isEmpty: streams.isEmpty, now: plane.reactor.now)
    }

    /// A request may be broken by its trailers before it has begun, when all of it came at once: then it never begins.
    private func refuseBroken() {
        for (stream, fault) in HTTP2Notes.take(&notes.broken) {
            if let exchange = stream.exchange {
                exchange.clientBroke(fault)
            } else if stream.headRefusal == nil {
                stream.headRefusal = fault
            }
        }
    }

    /// What nghttp2 itself has had enough of: header blocks in too many frames if one was under way.
    var floodKind: AbuseBudget.Kind { deadlines.awaitsHead ? .headFlood : .controlFlood }

    func endClosed() {
        for (stream, code) in HTTP2Notes.take(&notes.closed) {
            stream.isClosed = true
            streams[stream.id] = nil
            if stream.isLingering { stopLingering(stream) }
            if DeliberateFault.isOn(.streamResetIgnored) { continue }
            if let exchange = stream.exchange, exchange.response.head == nil, !isCondemned {
                _ = budget.spend(AbuseBudget.lateResetCost, on: .rapidReset, now: plane.reactor.now)
            }
            stream.exchange?.clientLeft(code == HTTP2Code.protocolError.rawValue ? .misbehaved : .reset)
            stream.discard()
        }
    }
}
