// SPDX-License-Identifier: Apache-2.0

import Shared

/// Requests that have come: each begins an exchange, or is refused.
extension HTTP2Session {
    func beginArrived() {
        guard !notes.arrived.isEmpty else { return }
        let open = notes.arrived.filter { !$0.isClosed }
        let count = budget.beginsPerTurn
        notes.arrived = Array(open.dropFirst(count))
        for stream in open.prefix(count) { begin(stream) }
    }

    func begin(_ stream: HTTP2Stream) {
        guard !stream.isClosed, !stream.isStarved else { return }
        if let fault = stream.headRefusal { return refuse(stream, fault, isHead: stream.isHead) }
        // Whoever had the fields must read its own again, also if this head comes to nothing.
        plane.fieldsOwner = 0
        let parsed = stream.receive.view { bytes -> Arrival in
            var scan = HeadScan()
            switch RequestHeadParser.parse(bytes, scan: &scan, into: plane.fields, limits: plane.limits) {
            case .incomplete: return .refused(.invalidRequestLine)
            case .refused(let fault): return .refused(fault)
            case .complete(let head): return .arrived(head, RequestInfo(head, in: bytes))
            }
        }
        switch parsed {
        case .refused(let fault): refuse(stream, fault, isHead: stream.isHead)
        case .arrived(let head, let info):
            guard let number = plane.openExchange() else {
                plane.panel.add(.overloadRefusals)
                stream.countRefusal(status: 0, EndReason.refused(.tooManyInFlight).name, head, info)
                return reset(stream, .refusedStream)
            }
            plane.fieldsOwner = number.id
            let exchange = Exchange(
                ExchangeFacts(number, head, info, of: stream), of: stream, called: stream.auditID(of: head),
                describedAs: stream.describe(head, info))
            stream.exchange = exchange
            exchange.start(info)
            exchange.advance()
        }
    }

    private enum Arrival {
        case refused(HTTPFault)
        case arrived(RequestHead, RequestInfo)
    }

    func refuse(_ stream: HTTP2Stream, _ fault: HTTPFault, isHead: Bool) {
        plane.panel.add(.malformedRequests)
        stream.countRefusal(status: fault.status, "invalid_head_\(fault.reason)")
        stream.answer(GatewayAnswer(fault), isHead: isHead)
    }
}
