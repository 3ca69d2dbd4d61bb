// SPDX-License-Identifier: Apache-2.0

import Shared

/// How bytes go through an exchange, both ways. Each direction has one buffer on either side; what does not fit waits in
/// the kernel, and so with its sender.
extension Exchange {
    /// Reads in one event at most, so that one loud exchange cannot keep the loop from the others.
    static let readsPerEvent = 16
    /// How long the rest of an item may take after which a stream is to end.
    private static let lastItem = Duration.seconds(2)

    // MARK: Client to API server

    func relayRequest() {
        guard let upstream else { return }
        let send = upstream.send
        while machine.isRelaying {
            var moved = false
            if !machine.requestComplete, !headHeld || head.framing.isEmpty {
                switch moveRequestBody(to: upstream) {
                case .ended:
                    machine.requestFinished()
                    upstream.endRequest(trailers: requestBody.trailers)
                    moved = true
                case .starved, .blocked: break
                case .refused(let fault): return perform(machine.end(.clientInvalid(fault)))
                case .noBuffer: return perform(machine.end(.refused(.noBuffers)))
                }
            }
            guard !send.isEmpty else {
                send.giveBackIfEmpty()
                if moved { continue }
                return
            }
            switch upstream.flush() {
            case .moved: progressed()
            case .blocked: return
            case .endOfStream, .lost, .noBuffer:
                // The API server may have refused the rest of the body, with an answer that waits to be read.
                send.discardAll()
                return receiveResponse()
            }
        }
    }

    private func moveRequestBody(to upstream: UpstreamSide) -> BodyRelay.Progress {
        if head.framing.isEmpty { return .ended }
        let progress = requestBody.move(from: client.receive, to: upstream.send)
        guard progress == .starved, let trailers = client.requestTrailers else { return progress }
        return requestBody.sourceEnded(to: upstream.send, trailers: trailers)
    }

    // MARK: API server to client

    /// Reads what the API server has for us, as long as the client takes it.
    func receiveResponse() {
        var reads = Self.readsPerEvent
        while reads > 0 {
            reads -= 1
            guard let upstream, machine.isRelaying, !client.isBlocked else { return }
            // What did not fit comes before what is still to be read, and before the end of the stream above all.
            if leavesBehind {
                relayResponse()
                guard machine.phase != .ended else { return }
                client.flush()
                if leavesBehind { continue }
            }
            switch upstream.fill(inBulk: client.takesBulk) {
            case .moved(let count):
                if !machine.responseSeen { machine.responseArrived() }
                progressed()
                relayResponse()
                guard machine.phase != .ended else { return }
                client.flush()
                if leavesBehind { continue }
                reads -= count / StreamSocket.mostPlain
                if !upstream.hasPending && !upstream.leftSome {
                    upstream.receive.giveBackIfEmpty()
                    return
                }
            case .blocked:
                upstream.receive.giveBackIfEmpty()
                return
            case .noBuffer: return perform(machine.end(.refused(.noBuffers)))
            case .endOfStream: return upstreamEnded()
            case .lost: return upstreamLost()
            }
        }
        continueLater()
    }

    /// Passes on what was received: interim heads, the final head, the body.
    private func relayResponse() {
        while response.head == nil, let upstream, !upstream.receive.isEmpty {
            guard relayHead(of: upstream) else { return }
        }
        guard let upstream, machine.phase == .responding, var body = response.body.take() else { return }
        let progress = body.move(from: upstream.receive, to: client.send, inBulk: client.takesBulk)
        response.body = body
        leavesBehind = progress == .blocked
        switch progress {
        case .ended where body.endsEarly: perform(machine.end(earlyEnd))
        case .ended: perform(machine.responseFinished())
        case .starved, .blocked: break
        case .refused(let fault): perform(machine.end(.upstreamInvalid(fault)))
        case .noBuffer: perform(machine.end(.refused(.noBuffers)))
        }
    }

    /// Passes one head on; false when there is none yet, or the exchange has ended over it.
    private func relayHead(of upstream: UpstreamSide) -> Bool {
        var scan = response.scan
        let parsed = upstream.receive.view { bytes in
            ResponseHeadParser.parse(
                bytes, scan: &scan, into: plane.fields, limits: ResponseProgress.limits, to: head.method)
        }
        response.scan = scan
        plane.fieldsOwner = 0
        switch parsed {
        case .incomplete: return false
        case .refused(let fault):
            perform(machine.end(.upstreamInvalid(fault)))
            return false
        case .complete(let found) where found.switchesProtocols:
            beginTunnel(found, from: upstream)
            return false
        case .complete(let found) where found.isInterim && response.hasEnoughInterim:
            perform(machine.end(.upstreamInvalid(.tooManyInterimResponses)))
            return false
        case .complete(let found) where found.isInterim:
            releaseHead()
            // 100 is for those who asked for it; HTTP/1.0 knows no interim responses.
            if found.status != 100 || head.expectsContinue,
                head.minorVersion == 1 || DeliberateFault.isOn(.interimToOldClients),
                !client.writeInterimHead(found, from: upstream.receive)
            {
                perform(machine.end(.refused(.noBuffers)))
                return false
            }
            upstream.receive.consume(found.headLength)
            response.interimDone()
            return true
        case .complete(let found):
            return begin(found, from: upstream)
        }
    }

    private func begin(_ found: ResponseHead, from upstream: UpstreamSide) -> Bool {
        let framing = client.framing(of: found, to: head)
        // A body that still comes in cannot be waited for once the response is through.
        let close = !head.keepAlive || plane.isDraining || !machine.requestComplete || asksForTunnel
        let boundary = isStream ? boundary(of: found, in: upstream.receive) : nil
        guard client.writeResponseHead(found, framing: framing, close: close, to: head, from: upstream.receive) else {
            perform(machine.end(.refused(.noBuffers)))
            return false
        }
        machine.responseStarted()
        releaseHead()
        upstream.receive.consume(found.headLength)
        response.begin(found, framing: framing, body: BodyRelay(from: found.framing, to: framing, boundary: boundary))
        status = Int(found.status)
        plane.panel.add(Figure.responses(status: status))
        if endsWithDrain { endAtBoundary() } else if isStream, plane.isDraining { plane.streamDrain.add(self) }
        return machine.phase != .ended
    }

    /// Where this response, whose fields are in the plane's table, may be ended early.
    private func boundary(of found: ResponseHead, in source: Buffer) -> BodyBoundary? {
        guard found.status == 200, let type = plane.fields.first(.contentType) else { return nil }
        return source.view { bytes in
            for index in 0..<plane.fields.count
            where bytes.equals(plane.fields[index].name, fieldName: "content-encoding") { return nil }
            return BodyBoundary(contentType: type.value, in: bytes)
        }
    }

    /// The drain has come to this watch or followed log: it ends behind the item that is under way, so that the client
    /// sees a whole one and a proper end. Without a boundary it goes on until the drain's deadline cuts it.
    func endAtBoundary() {
        guard isStream, machine.phase != .ended, !isTunnel else { return }
        endsWithDrain = true
        // Otherwise the head is still to come.
        guard machine.phase == .responding, var body = response.body.take() else { return }
        let progress = body.endEarly(to: client.send)
        response.body = body
        guard progress == .ended else { return }
        perform(machine.end(earlyEnd))
    }

    /// The credential that began this stream has expired: it ends behind the item that is under way, if that comes soon.
    func expire(now: Instant) -> Bool {
        guard isStream, machine.phase == .responding, earlyEnd != .expired else { return false }
        earlyEnd = .expired
        deadlines.endStream(at: now + Self.lastItem)
        endAtBoundary()
        settle()
        return true
    }

    /// The API server's stream ended properly: that may be the response's end.
    private func upstreamEnded() {
        guard machine.phase == .responding, let upstream, var body = response.body.take() else { return upstreamLost() }
        let progress = body.sourceEnded(to: client.send, trailers: upstream.responseTrailers)
        response.body = body
        guard progress == .ended else { return upstreamLost() }
        perform(machine.responseFinished())
    }

    func upstreamLost() {
        switch upstream?.loss ?? .ended {
        case .ended: perform(machine.upstreamFailed(machine.responseSeen ? .reset : .closedEarly))
        case .unprocessed: perform(machine.upstreamDeclined())
        case .silent: perform(machine.upstreamFailed(.silent))
        case .invalid(let fault): perform(machine.end(.upstreamInvalid(fault)))
        }
    }
}

extension Figure {
    /// The counter of answers with this status.
    static func responses(status: Int) -> Figure {
        switch status {
        case ..<200: .responses1xx
        case ..<300: .responses2xx
        case ..<400: .responses3xx
        case ..<500: .responses4xx
        default: .responses5xx
        }
    }
}
