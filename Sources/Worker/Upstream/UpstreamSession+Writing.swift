// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How an HTTP/2 connection to the API server writes, and how it ends.
extension UpstreamSession {
    /// Rounds of writing and telling in one turn at most.
    private static let rounds = 16

    func pump() {
        guard !isPumping, !isEnded else { return }
        isPumping = true
        for _ in 0..<Self.rounds {
            guard write() else { break }
            endClosed()
            tellTouched()
            guard !isEnded, budget.exhaustedBy == nil, output.isEmpty, hasWork else { break }
        }
        isPumping = false
        guard !isEnded else { return }
        if let kind = budget.exhaustedBy { return condemn("\(kind)") }
        settle()
    }

    private var hasWork: Bool { engine.wantsWrite || !touched.isEmpty }

    /// Writes what there is, as far as the server takes it; false: the connection is gone.
    private func write() -> Bool {
        while true {
            let outcome = engine.fill(output)
            guard outcome != .failed, connection.send(from: output) else {
                lose(.ended)
                return false
            }
            guard output.isEmpty else { return true }
            guard outcome == .full else {
                output.giveBackIfEmpty()
                return true
            }
        }
    }

    /// What is waited for now.
    private func settle() {
        deadlines.streamsChanged(isEmpty: streams.isEmpty, now: plane.reactor.now)
        guard !closeIfDone() else { return }
        var interest: Interest = []
        if engine.queuedFrames < HTTP2Limits.queuedFrames { interest.insert(.read) }
        if !output.isEmpty { interest.insert(.write) }
        connection.want(interest)
        if output.isEmpty, hasWork || connection.hasPending { continueLater() }
        setTimer()
    }

    func setTimer() {
        guard !isEnded else { return }
        timer.set(deadlines.next, on: plane.reactor, handler: self, tag: Tag.deadline)
    }

    // MARK: The end

    /// Whether it has nothing more to do, and was closed for that.
    @discardableResult
    func closeIfDone() -> Bool {
        guard isOpen, load == 0, isGoingAway || engine.isOver else { return false }
        end(.noError)
        return true
    }

    /// Ends it with GOAWAY.
    func end(_ code: HTTP2Code) {
        guard !isEnded else { return }
        engine.terminate(code)
        if output.isEmpty, engine.fill(output) != .failed { _ = connection.send(from: output) }
        lose(.ended)
    }

    func condemn(_ what: String) {
        guard !isEnded else { return }
        plane.panel.add(.upstreamFloods)
        plane.logger.warning(
            "HTTP/2 connection to the API server ended: it breaks the rules or overdoes things",
            metadata: ["kind": "\(what)"])
        engine.terminate(.enhanceYourCalm)
        if output.isEmpty, engine.fill(output) != .failed { _ = connection.send(from: output) }
        lose(.invalid(.invalidStream))
    }

    /// The connection is gone, and all its streams with it. What a server does to the connection may be the doing of any
    /// of them: those that have seen nothing of it yet may be sent again.
    func lose(_ loss: UpstreamLoss) {
        guard !isEnded else { return }
        isEnded = true
        timer.cancel(on: plane.reactor)
        let ends = HTTP2Notes.take(&closed)
        touched.removeAll()
        lingering.removeAll()
        let left = streams.values.sorted { $0.id < $1.id }
        // Those that were told of before have their own reason.
        for (stream, own) in ends { stream.protocolClosed(own) }
        for stream in left { stream.protocolClosed(loss.isInvalid && !stream.hasBegunResponse ? .ended : loss) }
        streams.removeAll()
        input.discardAll()
        output.discardAll()
        isOpen ? connection.close(reset: loss != .ended || !left.isEmpty) : connection.sessionLost()
        for stream in left { stream.tell() }
    }
}
