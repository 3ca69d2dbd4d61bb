// SPDX-License-Identifier: Apache-2.0

import Shared

/// What is settled of an exchange when it begins, and stays so to its end. Plain data, so that to look at it costs nothing.
struct ExchangeFacts {
    /// Unique within this worker.
    let id: UInt64
    /// On the scoreboard.
    let row: Int
    let head: RequestHead
    /// Kept here because the client's side may be gone when the request is counted.
    let transport: RequestSeries.Transport
    let started: Instant
    let verb: RequestSeries.Verb
    /// What its row shows beside its class.
    let shownVerb: ExchangeVerb
    let isLongRunning: Bool
    /// A watch or a followed log, which a drain may end between two items.
    let isStream: Bool
    /// The request asks for an upgrade that we forward. Whatever comes behind its head is not HTTP, or cannot be told
    /// from it; so, if it is refused, the connection ends with the answer.
    let asksForTunnel: Bool

    init(_ number: (id: UInt64, row: Int), _ head: RequestHead, _ info: RequestInfo, of client: ClientSide) {
        id = number.id
        row = number.row
        self.head = head
        transport = client.transport
        started = client.plane.reactor.now
        verb = RequestSeries.Verb(info.verb)
        shownVerb = ExchangeVerb(info.verb)
        let isForwarded = client.service.mode == .proxy
        isLongRunning = isForwarded && info.isLongRunning
        isStream = isForwarded && info.isStream
        asksForTunnel =
            isForwarded && client.tunnelSocket != nil && (head.upgrade == .webSocket || head.upgrade == .spdy)
    }
}
