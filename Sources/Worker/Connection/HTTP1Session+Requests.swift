// SPDX-License-Identifier: Apache-2.0

import Shared

/// Requests: a head is looked for, and begins an exchange or is answered by the gateway itself.
extension HTTP1Session {
    /// Looks for a head in what was received, and reads more once; false when there is nothing more to do now.
    func readHead() -> Bool {
        if !receive.isEmpty {
            if !headStarted {
                headStarted = true
                connection.setDeadline(plane.reactor.now.later(by: plane.waits.requestHead))
            }
            switch parseHead() {
            case .arrived(let head, let info):
                begin(head, info)
                return true
            case .refused(let fault):
                plane.panel.add(.malformedRequests)
                countRefusal(status: fault.status, "invalid_head_\(fault.reason)")
                answer(GatewayAnswer(fault), to: nil, close: true)
                return true
            case .incomplete: break
            }
        }
        guard receive.reserve(receive.isEmpty ? 4_096 : 1_024) else {
            connection.close(reset: true)
            return false
        }
        switch connection.receive(into: receive) {
        case .moved: return true
        case .blocked:
            receive.giveBackIfEmpty()
            connection.want(.readAndHangup)
            return false
        case .endOfStream, .lost, .noBuffer:
            connection.close(reset: false)
            return false
        }
    }

    private enum Arrival {
        case incomplete
        case refused(HTTPFault)
        case arrived(RequestHead, RequestInfo)
    }

    private func parseHead() -> Arrival {
        // Whatever comes of it, the table holds nobody else's fields from here on.
        if !DeliberateFault.isOn(.fieldsOfAnother) { plane.fieldsOwner = 0 }
        // Taken out and put back, as in Exchange: no access to it then needs a check at run time.
        var scan = scan
        defer { self.scan = scan }
        return receive.view { bytes in
            switch RequestHeadParser.parse(bytes, scan: &scan, into: plane.fields, limits: plane.limits) {
            case .incomplete: return .incomplete
            case .refused(let fault): return .refused(fault)
            case .complete(let head): return .arrived(head, RequestInfo(head, in: bytes))
            }
        }
    }

    private func begin(_ head: RequestHead, _ info: RequestInfo) {
        requestsServed += 1
        closesAfterResponse = !head.keepAlive
        connection.setDeadline(.never)
        guard let number = plane.openExchange() else {
            plane.panel.add(.overloadRefusals)
            countRefusal(status: GatewayAnswer.overloaded.code, EndReason.refused(.tooManyInFlight).name, head, info)
            receive.consume(head.headLength)
            return answer(
                .overloaded, to: head, close: !head.keepAlive || !head.framing.isEmpty || head.upgrade != nil)
        }
        plane.fieldsOwner = number.id
        phase = .exchange
        let exchange = makeExchange(ExchangeFacts(number, head, info, of: self), describe(head, info))
        self.exchange = exchange
        exchange.start(info)
        exchange.advance()
    }

    /// The next exchange is the former one, where nobody has a reference to it, which would then mean another request: so
    /// a request on a kept connection allocates nothing.
    private func makeExchange(_ facts: ExchangeFacts, _ described: [UInt8]) -> Exchange {
        let auditID = auditID(of: facts.head)
        var former = former
        self.former = nil
        guard isKnownUniquelyReferenced(&former), let exchange = former else {
            return Exchange(facts, of: self, called: auditID, describedAs: described)
        }
        exchange.renew(facts, called: auditID, describedAs: described)
        #if DEBUG
            plane.onRenewal(exchange, Exchange(facts, of: self, called: auditID, describedAs: described))
        #endif
        return exchange
    }

    /// Answers for the gateway itself.
    func answer(_ answer: GatewayAnswer, to head: RequestHead?, close: Bool) {
        phase = .flushing(thenClose: close)
        plane.panel.add(Figure.responses(status: answer.code))
        guard send.reserve(answer.room) else { return connection.close(reset: true) }
        let written = send.write { writer in
            answer.write(
                close: close, isHead: head?.method == .head, minorVersion: head?.minorVersion ?? 1,
                date: plane.reactor.kernel.wallClock(), into: &writer)
        }
        if !written { connection.close(reset: true) }
    }
}
