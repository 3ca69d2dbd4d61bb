// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOSSL
import NIOWebSocket

/// One client connection of a stand-in server: gives each request to its endpoint, one after the other, and tells the
/// endpoint at once when the client leaves.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart

    /// How long a connection may be without a request.
    private static let idleLimit = TimeAmount.seconds(120)

    private let router: any Router
    private let statistics: StandInStatistics
    private var current: (reply: Reply, endpoint: any Endpoint)?
    private var closing = false
    private var idleTimer: Scheduled<Void>?
    private var certificateName: String?
    private var certificateRead = false
    private var counted = true

    init(router: any Router, statistics: StandInStatistics) {
        self.router = router
        self.statistics = statistics
        statistics.accepted += 1
        statistics.connectionsOpen += 1
    }

    func handlerAdded(context: ChannelHandlerContext) {
        armIdleTimer(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idleTimer?.cancel()
        clientLeft()
        if counted { statistics.connectionsOpen -= 1 }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard !closing else { return }
            begin(head, context)
        case .body(let bytes):
            guard let current, !current.reply.isFinished else { return }
            current.endpoint.received(bytes, current.reply)
        case .end:
            guard let current else { return }
            current.reply.requestEnded = true
            if current.reply.isFinished {
                finished(context)
            } else {
                current.endpoint.receivedEnd(current.reply)
            }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable, let current, !current.reply.isFinished else { return }
        current.endpoint.writable(current.reply)
    }

    func channelInactive(context: ChannelHandlerContext) {
        clientLeft()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer that resets, or closes without TLS's close_notify, has left, no more; everything else is worth a figure.
        switch error {
        // A WebSocket that is refused is answered as an ordinary request.
        case is NIOWebSocketUpgradeError: return
        case NIOSSLError.uncleanShutdown, is IOError: break
        default: statistics.failed += 1
        }
        context.close(promise: nil)
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard current == nil else {
            // A request before the answer to the last one: no client of this server's pipelines.
            statistics.failed += 1
            context.close(promise: nil)
            return
        }
        idleTimer?.cancel()
        readCertificate(context)
        let request = Request(
            head: head, certificateName: certificateName, fromLoopback: context.remoteAddress.isLoopback)
        countOnly(request)
        let reply = Reply(request: request, context: context) { [weak self] reply in self?.replied(reply, context) }
        let endpoint = router.endpoint(for: request)
        current = (reply, endpoint)
        if counted {
            statistics.requests += 1
            statistics.requestsInFlight += 1
        }
        reply.sendContinueIfExpected()
        endpoint.begin(reply)
    }

    /// A look at the statistics must not change them: a connection that asks for them, and is not the gateway's, is no
    /// longer counted.
    private func countOnly(_ request: Request) {
        guard counted, request.path == ["stats"], request.certificateName == nil else { return }
        counted = false
        statistics.connectionsOpen -= 1
        statistics.accepted -= 1
    }

    private func replied(_ reply: Reply, _ context: ChannelHandlerContext) {
        if counted { statistics.requestsInFlight -= 1 }
        if reply.requestEnded || reply.closesConnection { finished(context) }
    }

    private func finished(_ context: ChannelHandlerContext) {
        guard let reply = current?.reply else { return }
        current = nil
        if reply.closesConnection {
            closing = true
            reply.written?.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        } else {
            armIdleTimer(context)
        }
    }

    private func clientLeft() {
        guard let (reply, endpoint) = current else { return }
        current = nil
        reply.abandon()
        guard !reply.isFinished else { return }
        if counted {
            statistics.requestsInFlight -= 1
            statistics.cancelled += 1
        }
        endpoint.cancel()
    }

    private func armIdleTimer(_ context: ChannelHandlerContext) {
        idleTimer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.idleLimit) { context.close(promise: nil) }
    }

    private func readCertificate(_ context: ChannelHandlerContext) {
        guard !certificateRead else { return }
        certificateRead = true
        certificateName = ClientCertificate.name(on: context.channel)
    }
}

extension SocketAddress? {
    var isLoopback: Bool {
        guard let address = self?.ipAddress else { return false }
        return address.hasPrefix("127.") || address == "::1"
    }
}
