// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The clients of the tour: each request on a TLS connection of its own to the gateway, all on one event loop, each with
/// a deadline.
struct TourClient: Sendable {
    /// What came back.
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: String

        var json: JSON? { try? JSON(parsing: body.utf8) }
    }

    enum Failure: Error {
        case deadline
        case closed
        case tooLarge
    }

    let port: Int
    let eventLoop: any EventLoop
    private let tls: NIOSSLContext

    init(port: Int, authority: String, on eventLoop: any EventLoop) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
        self.tls = try NIOSSLContext(configuration: configuration)
        self.port = port
        self.eventLoop = eventLoop
    }

    /// One GET on a new connection; the whole answer, within `limit`. `onBody` sees the body as it comes.
    func get(
        _ path: String, token: String, headers: HTTPHeaders = [:], within limit: TimeAmount = .seconds(10),
        onBody: (@Sendable (String) -> Void)? = nil
    ) -> EventLoopFuture<Answer> {
        let promise = eventLoop.makePromise(of: Answer.self)
        let opened = open(path, token: token, headers: headers, promise: promise, onBody: onBody)
        opened.cascadeFailure(to: promise)
        let timer = eventLoop.scheduleTask(in: limit) { promise.fail(Failure.deadline) }
        promise.futureResult.whenComplete { _ in
            timer.cancel()
            opened.whenSuccess { $0.close(promise: nil) }
        }
        return promise.futureResult
    }

    /// One GET whose answer nobody waits for: the connection, once the request has gone to the kernel.
    func hold(_ path: String, token: String) -> EventLoopFuture<any Channel> {
        let promise = eventLoop.makePromise(of: Answer.self)
        return open(path, token: token, headers: [:], promise: promise, onBody: nil)
    }

    private func open(
        _ path: String, token: String, headers: HTTPHeaders, promise: EventLoopPromise<Answer>,
        onBody: (@Sendable (String) -> Void)?
    ) -> EventLoopFuture<any Channel> {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers)
        head.headers.add(name: "host", value: "127.0.0.1:\(port)")
        head.headers.add(name: "authorization", value: "Bearer \(token)")
        let request = head
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(.seconds(10))
            .channelInitializer { [tls] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(AnswerHandler(promise, onBody))
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .flatMap { channel in
                channel.write(HTTPClientRequestPart.head(request), promise: nil)
                return channel.writeAndFlush(HTTPClientRequestPart.end(nil)).map { channel }.flatMapError { error in
                    channel.close(promise: nil)
                    return channel.eventLoop.makeFailedFuture(error)
                }
            }
    }
}
