// SPDX-License-Identifier: Apache-2.0

import Shared

/// Reads a proxy's header off a new connection, and not a byte more: what follows is TLS's, or HTTP's.
final class ProxyGreeting {
    enum Outcome: Equatable {
        case pending
        /// The client that the proxy speaks for; nil: the proxy itself.
        case complete(SocketAddress?)
        case failed(String)
    }

    private var received: Buffer
    /// Of the whole header; nil: not known yet.
    private var length: Int?

    init(pool: BufferPool) {
        received = Buffer(pool: pool)
    }

    func read(from socket: StreamSocket) -> Outcome {
        while true {
            let wanted = (length ?? ProxyHeader.fixedLength) - received.count
            if wanted > 0 {
                guard received.reserve(wanted) else { return .failed("no buffer") }
                switch socket.receiveRaw(into: &received, atMost: wanted) {
                case .moved: continue
                case .blocked: return .pending
                case .endOfStream, .lost, .noBuffer: return .failed("the connection ended")
                }
            }
            let bytes = received.view { view in
                var copy: [UInt8] = []
                view.append(to: &copy)
                return copy
            }
            do throws(ProxyHeader.Fault) {
                if length == nil {
                    length = ProxyHeader.fixedLength + (try ProxyHeader.restLength(bytes))
                    continue
                }
                let source = try ProxyHeader.source(bytes)
                received.discardAll()
                return .complete(source)
            } catch {
                return .failed(error.rawValue)
            }
        }
    }
}
