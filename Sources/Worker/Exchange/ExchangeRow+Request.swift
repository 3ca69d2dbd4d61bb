// SPDX-License-Identifier: Apache-2.0

import Shared

extension ExchangeRow {
    /// What the scoreboard shows of a request that has just arrived: never its query, never a field's value.
    init(_ head: RequestHead, in bytes: ByteView, from peer: SocketAddress) {
        self.init()
        client = peer
        method = bytes[head.methodName].fixedText()
        path = bytes[head.path].fixedText()
    }
}
