// SPDX-License-Identifier: Apache-2.0

import Shared

/// Writing, once a turn: what the streams have to say leaves in as few TLS records as possible.
extension HTTP2Session {
    func pump() {
        guard !isPumping, !isEnded else { return }
        isPumping = true
        writeInRounds()
        isPumping = false
        guard !isEnded else { return }
        // Not before: what is said about it has to be written, too.
        if let kind = budget.exhaustedBy, !isCondemned { return condemn(kind) }
        settle()
    }

    func writeInRounds() {
        for _ in 0..<Self.rounds {
            guard write() else { return }
            endClosed()
            for (stream, code) in HTTP2Notes.take(&notes.cut) { reset(stream, code) }
            tellTouched()
            guard !isEnded, budget.exhaustedBy == nil || isCondemned, output.isEmpty, hasWork else { return }
        }
    }

    /// Something can still be written without anything more being heard.
    var hasWork: Bool { engine.wantsWrite || !notes.touched.isEmpty || !notes.cut.isEmpty }

    /// Writes what there is, as far as the client takes it; false: the connection is gone.
    func write() -> Bool {
        while true {
            let outcome = engine.fill(output)
            guard outcome != .failed else {
                leave(.reset, reset: true)
                return false
            }
            var moved = false
            guard connection.send(from: output, onProgress: { moved = true }) else {
                leave(.reset, reset: true)
                return false
            }
            if moved { deadlines.outputMoved(now: plane.reactor.now) }
            guard output.isEmpty else { return true }
            guard outcome == .full else {
                output.giveBackIfEmpty()
                return true
            }
        }
    }

    /// Lets exchanges know whose bytes have gone out, or could not.
    func tellTouched() {
        for stream in HTTP2Notes.take(&notes.touched) {
            stream.isTouched = false
            guard !stream.isClosed, let exchange = stream.exchange else { continue }
            let wasHeld = stream.isHeld
            if stream.settleAfterFill(), wasHeld { exchange.receiveResponse() }
            exchange.clientProgressed()
        }
    }

    /// What is waited for now; or the end, if the protocol has nothing to say any more.
    func settle() {
        let now = plane.reactor.now
        deadlines.streamsChanged(isEmpty: streams.isEmpty, now: now)
        deadlines.outputBlocked(!output.isEmpty, now: now)
        if engine.isOver, output.isEmpty { return connection.finishAndLinger() }
        var interest: Interest = [.hangup]
        if engine.queuedFrames < HTTP2Limits.queuedFrames { interest.insert(.read) }
        if !output.isEmpty { interest.insert(.write) }
        connection.want(interest)
        // What one turn did not get done comes after everybody else's turn.
        connection.setDeadline(hasMore || (output.isEmpty && hasWork) ? now : deadlines.next)
    }
}
