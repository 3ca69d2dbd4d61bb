// SPDX-License-Identifier: Apache-2.0

import Shared

/// What the streams ask of their session, and which of them it ends by itself.
extension HTTP2Session {
    /// The stream has something to send, or has sent something.
    func touch(_ stream: HTTP2Stream) {
        schedule()
        if notes.touch(stream) { engine.resume(stream.id) }
    }

    func sent(_ count: Int, of stream: HTTP2Stream) {
        budget.earn(AbuseBudget.earnedBySending(count))
        if count > 0 { stream.exchange?.progressed() }
        notes.touch(stream)
    }

    func sendHead(_ stream: HTTP2Stream, endsStream: Bool) -> Bool {
        schedule()
        return engine.submitResponse(stream.id, endsStream: endsStream)
    }

    func sendInterim(_ stream: HTTP2Stream) -> Bool {
        schedule()
        return engine.submitInterim(stream.id)
    }

    func consumed(_ count: Int, by stream: HTTP2Stream) {
        engine.consumed(count, by: stream.id)
        schedule()
    }

    func exchangeServed(_ stream: HTTP2Stream) {
        budget.earn(AbuseBudget.served)
        responseComplete(stream)
    }

    /// All of the response is in the stream's buffer.
    func responseComplete(_ stream: HTTP2Stream) {
        if !stream.send.isEmpty { stream.stallDeadline = deadlines.responseWaits(now: plane.reactor.now) }
        touch(stream)
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2Code) {
        guard !isEnded, !isCondemned, !stream.isClosed else { return }
        engine.reset(stream.id, code)
        schedule()
    }

    /// The response is not whole and never will be: what there is of it goes out if it can at once, then RST_STREAM.
    func cut(_ stream: HTTP2Stream, _ reason: EndReason) {
        switch reason {
        case .deadline(.clientWrite):
            _ = budget.spend(AbuseBudget.stallCost, on: .stalling, now: plane.reactor.now)
            notes.cut.append((stream, .cancel))
        case .deadline, .cut, .cancelled: notes.cut.append((stream, .cancel))
        default: notes.cut.append((stream, .internalError))
        }
        touch(stream)
    }

    func resetStalled(_ now: Instant) {
        var next = Instant.never
        for stream in streamsInOrder where stream.waitsForClient {
            if stream.stallDeadline <= now {
                plane.count(.lastBytes)
                _ = budget.spend(AbuseBudget.stallCost, on: .stalling, now: now)
                reset(stream, .cancel)
                stream.discard()
            } else {
                next = min(next, stream.stallDeadline)
            }
        }
        deadlines.stillWaiting(until: next)
        if let kind = budget.exhaustedBy { condemn(kind) }
    }

    /// The client had its moment to see the response: it need not send the rest of its request.
    func resetLingering(_ now: Instant) {
        while let first = lingering.first, first.until <= now {
            lingering.removeFirst()
            reset(first.stream, .noError)
        }
        deadlines.lingers(until: lingering.first?.until ?? .never)
    }

    func stopLingering(_ stream: HTTP2Stream) {
        lingering.removeAll { $0.stream === stream }
        deadlines.lingers(until: lingering.first?.until ?? .never)
    }
}
