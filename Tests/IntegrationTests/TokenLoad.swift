// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Clients that make a new connection for each request, all with the same token, and count what came of it.
final class TokenLoad {
    struct Tally: Sendable {
        var served = 0
        /// Statuses other than 200.
        var refusals: [String] = []
        /// Connections that ended without an answer, such as those that a killed worker held.
        var broken = 0
    }

    private let cell = Cell(Tally())
    private let tokens: Cell<[String]>
    private let over = Cell(false)
    private let finished: () -> Bool

    init(_ gateway: GatewayFixture, token: String, clients: Int = 4) {
        let tokens = Cell([token])
        self.tokens = tokens
        let (cell, over) = (cell, over)
        finished = Harness.inBackground {
            Harness.concurrently(clients) { index in
                var turn = index
                while !over.value {
                    turn += 1
                    let known = tokens.value
                    do {
                        let answer = try gateway.connect().request("GET", "/who", token: known[turn % known.count])
                        cell.update {
                            if answer.status == 200 { $0.served += 1 } else { $0.refusals.append("\(answer.status)") }
                        }
                    } catch {
                        cell.update { $0.broken += 1 }
                    }
                    sleep(for: .milliseconds(5))
                }
            }
            return true
        }
    }

    var tally: Tally { cell.value }

    /// One more token takes its turn with the others.
    func add(_ token: String) {
        tokens.update { $0.append(token) }
    }

    /// Ends it and gives what came of it.
    func stop() -> Tally {
        over.value = true
        _ = finished()
        return cell.value
    }
}
