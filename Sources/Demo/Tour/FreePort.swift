// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// A loopback port that nobody listens on.
enum FreePort {
    /// Takes one from the kernel and gives it back. Someone else may take it before it is used; then the gateway says so
    /// and the demo fails.
    static func find() throws -> Int {
        let channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).wait()
        let port = channel.localAddress?.port ?? 0
        try channel.close().wait()
        return port
    }
}
