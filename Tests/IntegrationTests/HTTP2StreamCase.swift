// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// What a stream's request is doing when its end comes.
enum StreamState: String, CaseIterable {
    case identity = "waiting for identity"
    case connectingTLS = "upstream handshake"
    case noAnswer = "no answer"
    case streamingResponse = "streaming response"
    case pausedResponse = "response, window shut"
    case streamingRequest = "streaming request body"
    case pausedRequest = "request body, upstream not reading"
    case watch = "watch, nothing flows"

    /// By `ExchangeState.serve`.
    var target: String {
        switch self {
        case .identity, .connectingTLS, .noAnswer: "/silent"
        case .streamingResponse: "/stream"
        case .pausedResponse: "/flood"
        case .streamingRequest: "/sink"
        case .pausedRequest: "/plug"
        case .watch: "/api/v1/pods"
        }
    }
}

/// How a client ends a stream, or everything.
enum StreamLeaving: String, CaseIterable {
    case resetStream = "RST_STREAM"
    case fin = "FIN"
    case reset = "RST"
    case closeNotify = "close_notify"
}

/// One request on a stream of its own connection, brought into its state.
struct HTTP2StreamCase {
    let client: HTTP2Client
    let stream: Int
    let target: String

    init(_ state: StreamState, number: Int, in world: World) throws {
        client = try world.http2Client()
        target = "\(state.target)/\(number)" + (state == .watch ? "?watch=true" : "")
        let (client, target, upstream) = (client, target, world.upstream)
        let accepted = upstream.ledger.accepted
        switch state {
        case .identity:
            let token = try world.issuer.token(for: "alice", keyIdentifier: "unknown-\(number)")
            stream = client.request("GET", target, token: token)
            try wait("the exchange") { try world.gateway.status().inFlight > 0 }
        case .connectingTLS:
            stream = client.request("GET", target, token: world.token)
            try wait("the upstream's connection") { upstream.ledger.accepted > accepted }
        case .noAnswer:
            stream = client.request("GET", target, token: world.token)
            try wait("the request's head") { upstream.requestCount(for: target) == 1 }
        case .streamingResponse, .watch:
            stream = client.request("GET", target, token: world.token)
            for _ in 0..<(state == .watch ? 1 : 3) {
                guard client.first(by: .after(.seconds(10)), where: { $0.kind == .data }) != nil else {
                    throw HarnessError.unexpected("no DATA")
                }
            }
        case .pausedResponse:
            stream = client.request("GET", target, token: world.token)
            try wait("the upstream to be held up") { upstream.isMarked("blocked", for: target) }
        case .streamingRequest:
            stream = client.request("POST", target, token: world.token, endsStream: false)
            for _ in 0..<3 { client.send(.data, stream: stream, payload: Array("hello".utf8)) }
            try wait("the request's head") { upstream.requestCount(for: target) == 1 }
        case .pausedRequest:
            stream = client.request(
                "POST", target, token: world.token, fields: [("content-length", "1000000000")], endsStream: false)
            try Self.fill(client, stream)
        }
    }

    /// Sends as much as the stream's window lets it until that stays shut.
    static func fill(_ client: HTTP2Client, _ stream: Int) throws {
        var window = 65_535
        let deadline = Deadline.after(.seconds(60))
        while !deadline.hasPassed {
            while window > 0 {
                let piece = [UInt8](repeating: 0x79, count: min(window, 16_384))
                client.send(.data, stream: stream, payload: piece)
                window -= piece.count
            }
            let update = client.first(by: .after(.milliseconds(300))) {
                $0.kind == .windowUpdate && $0.stream == stream
            }
            guard let update else { return }
            window += update.code
        }
        throw HarnessError.unexpected("the stream's window never stayed shut")
    }

    func leave(_ leaving: StreamLeaving) {
        switch leaving {
        case .resetStream: client.reset(stream)
        case .fin: client.wire.sendFIN()
        case .reset: client.wire.reset()
        case .closeNotify: client.wire.finishSending()
        }
    }
}
