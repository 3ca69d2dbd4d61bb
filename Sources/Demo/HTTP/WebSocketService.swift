// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOWebSocket

/// What a request becomes that asks for a WebSocket and gets one.
struct WebSocketService {
    /// The one of the client's subprotocols that is spoken.
    let subprotocol: String
    /// Takes and makes whole messages.
    let handler: () -> any ChannelHandler & SendableMetatype

    /// The first of `known` that the client offers.
    static func subprotocol(of request: Request, among known: [String]) -> String? {
        let offered = Set(request.headers[canonicalForm: "sec-websocket-protocol"].map(String.init))
        return known.first(where: offered.contains)
    }
}

/// Answers 101 to the requests for which a router has a service, and makes the connection over to that.
enum WebSocketUpgrade {
    private static let maximumMessage = 1 << 22

    static func configuration(
        _ router: NIOLoopBound<any Router>, _ statistics: NIOLoopBound<StandInStatistics>
    ) -> NIOHTTPServerUpgradeSendableConfiguration {
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: maximumMessage,
            shouldUpgrade: { channel, head in
                let service = router.value.webSocket(for: request(head, channel))
                return channel.eventLoop.makeSucceededFuture(
                    service.map { ["Sec-WebSocket-Protocol": $0.subprotocol] })
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    guard let service = router.value.webSocket(for: request(head, channel)) else {
                        throw ChannelError.inputClosed
                    }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandlers([
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1_024,
                            maxAccumulatedFrameSize: maximumMessage),
                        TunnelCounter(statistics.value), service.handler(),
                    ])
                }
            })
        return (
            upgraders: [upgrader],
            completionHandler: { context in
                let pipeline = context.pipeline.syncOperations
                guard let handler = try? pipeline.handler(type: ConnectionHandler.self) else { return }
                pipeline.removeHandler(handler, promise: nil)
            }
        )
    }

    private static func request(_ head: HTTPRequestHead, _ channel: any Channel) -> Request {
        Request(
            head: head, certificateName: ClientCertificate.name(on: channel),
            fromLoopback: channel.remoteAddress.isLoopback)
    }
}

/// Keeps a WebSocket in the statistics for as long as its connection lasts.
final class TunnelCounter: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame
    private let statistics: StandInStatistics

    init(_ statistics: StandInStatistics) {
        self.statistics = statistics
    }

    func handlerAdded(context: ChannelHandlerContext) {
        statistics.connectionsOpen += 1
        statistics.requests += 1
        statistics.requestsInFlight += 1
        statistics.tunnels += 1
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        statistics.connectionsOpen -= 1
        statistics.requestsInFlight -= 1
        statistics.tunnels -= 1
    }
}
