// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// A port that accepts connections and never says anything, not even of TLS: for connect and handshake deadlines.
enum StallServer {
    static func start(
        on eventLoop: any EventLoop, host: String, statistics: NIOLoopBound<StandInStatistics>
    ) throws -> Int {
        let channel = try ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: 4_096)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    statistics.value.stalled += 1
                    channel.closeFuture.assumeIsolated().whenComplete { _ in statistics.value.stalled -= 1 }
                }
            }
            .bind(host: host, port: 0).wait()
        return channel.localAddress?.port ?? 0
    }
}
