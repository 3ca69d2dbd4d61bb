// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// How a client's part of a request ends.
enum Leaving: String, CaseIterable {
    case fin = "FIN"
    case reset = "RST"
    case closeNotify = "close_notify"
}

/// What a request is doing when its end comes.
enum ExchangeState: String, CaseIterable {
    case headIncomplete = "head incomplete"
    case identity = "waiting for identity"
    case connectingTLS = "upstream handshake"
    case noAnswer = "no answer"
    case streamingResponse = "streaming response"
    case pausedResponse = "response, client not reading"
    case streamingRequest = "streaming request body"
    case pausedRequest = "request body, upstream not reading"

    /// Some upstream connection belongs to it, whose end is measured; else the gateway's own count is.
    var hasUpstream: Bool { self != .headIncomplete && self != .identity }

    /// The upstream's part, by the first component of the target.
    static let serve: ScriptedUpstream.Script = { connection in
        let head = try connection.readHead()
        switch head.target.split(separator: "/").first {
        case "silent": connection.readUntilClose()
        case "stream":
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while connection.wire.waitForPeerClose(by: .after(.milliseconds(10))) == nil {
                connection.writeChunk("tick")
            }
            connection.waitForPeerClose()
        case "stall",
            "api" where head.target.contains("watch"):
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.writeChunk("only this")
            connection.readUntilClose()
        case "flood":
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = Array("8000\r\n".utf8) + [UInt8](repeating: 0x78, count: 0x8000) + [13, 10]
            while connection.wire.write(chunk, by: .after(.milliseconds(300))) == .all {}
            connection.mark("blocked")
            connection.waitForPeerClose()
        case "sink": connection.readUntilClose()
        case "plug": connection.waitForPeerClose()
        default: connection.answer(fields: ["Connection: close"], body: "ok")
        }
    }

    var target: String {
        switch self {
        case .headIncomplete, .identity, .connectingTLS, .noAnswer: "/silent"
        case .streamingResponse: "/stream"
        case .pausedResponse: "/flood"
        case .streamingRequest: "/sink"
        case .pausedRequest: "/plug"
        }
    }
}

/// One request, brought into its state.
struct CancellationCase {
    let client: RawClient
    let target: String

    init(client: RawClient, target: String) {
        self.client = client
        self.target = target
    }

    /// Starts the request and returns when it is in its state. `number` makes the target unique; `reachable`: the
    /// client's end must be able to reach the gateway's kernel.
    init(_ state: ExchangeState, number: Int, reachable: Bool = true, in world: World) throws {
        client = try world.gateway.connect(receiveBuffer: state == .pausedResponse ? 65_536 : nil)
        target = "\(state.target)/\(number)"
        let target = target
        let upstream = world.upstream
        let accepted = upstream.ledger.accepted
        switch state {
        case .headIncomplete:
            client.wire.write("GET \(target) HTTP/1.1\r\nHost: gateway.test\r\nX-Half: ")
            try wait("the half head to be read: \(KernelSocket.pair(of: client.wire))") {
                KernelSocket.pair(of: client.wire).far?.receiveQueue == 0
            }
            sleep(for: .milliseconds(20))
        case .identity:
            client.send("GET", target, token: try world.issuer.token(for: "alice", keyIdentifier: "unknown-\(number)"))
            try wait("the exchange") { try world.gateway.status().inFlight > 0 }
        case .connectingTLS:
            client.send("GET", target, token: world.token)
            try wait("the upstream's connection") { upstream.ledger.accepted > accepted }
        case .noAnswer:
            client.send("GET", target, token: world.token)
            try wait("the request's head") { upstream.requests(for: target).count == 1 }
        case .streamingResponse:
            client.send("GET", target, token: world.token)
            _ = try client.reader.readHead(by: .after(.seconds(10)))
            for _ in 0..<3 { _ = try client.reader.readSome(by: .after(.seconds(5))) }
        case .pausedResponse:
            client.send("GET", target, token: world.token)
            try wait("the upstream to be held up") { upstream.isMarked("blocked", for: target) }
        case .streamingRequest:
            client.send("POST", target, token: world.token, fields: ["Transfer-Encoding: chunked"])
            for _ in 0..<3 { client.wire.write("5\r\nhello\r\n") }
            try wait("the request's head") { upstream.requests(for: target).count == 1 }
        case .pausedRequest:
            client.send("POST", target, token: world.token, fields: ["Content-Length: 1000000000"])
            if reachable { try Self.fillUntilUnread(client) } else { Self.fill(client) }
        }
    }

    func leave(_ leaving: Leaving) {
        switch leaving {
        case .fin: client.wire.sendFIN()
        case .reset: client.wire.reset()
        case .closeNotify: client.wire.finishSending()
        }
    }

    /// Writes until nothing moves any more: an end of the client's would be stuck behind it.
    static func fill(_ client: RawClient) {
        let piece = [UInt8](repeating: 0x79, count: 65_536)
        while client.wire.write(piece, by: .after(.milliseconds(300))) == .all {}
    }

    /// Writes until the gateway leaves bytes unread, yet so few that a FIN still reaches its kernel.
    static func fillUntilUnread(_ client: RawClient) throws {
        let piece = [UInt8](repeating: 0x79, count: 32_768)
        let deadline = Deadline.after(.seconds(60))
        var unread = 0
        while unread < 3 {
            guard client.wire.write(piece, by: deadline) == .all else {
                throw HarnessError.unexpected("the gateway never left a body's byte unread")
            }
            unread = 0
            while unread < 3, KernelSocket.pair(of: client.wire).far?.receiveQueue ?? 0 > 0 {
                sleep(for: .milliseconds(20))
                unread += 1
            }
        }
        guard KernelSocket.pair(of: client.wire).near?.sendQueue == 0 else {
            throw HarnessError.unexpected("bytes of the client's are stuck in its own kernel")
        }
    }
}
