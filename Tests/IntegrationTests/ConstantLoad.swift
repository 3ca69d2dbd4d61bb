// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Clients that ask without a pause and repeat nothing: half of them keep their connections as long as they are let, and
/// half make a new one for each request. They begin a new connection after `Connection: close`.
final class ConstantLoad {
    struct Tally: Sendable {
        var served = 0
        var failures: [String] = []
    }

    private let tally = Cell(Tally())
    private let over = Cell(false)
    private let finished: () -> Bool

    init(_ world: World, clients: Int = 6) {
        let (tally, over, gateway, token) = (tally, over, world.gateway, world.token)
        finished = Harness.inBackground {
            Harness.concurrently(clients) { index in
                while !over.value {
                    let failure = Self.useConnection(to: gateway, token: token, keeps: index % 2 == 0, over, tally)
                    if let failure { tally.update { $0.failures.append(failure) } }
                }
            }
            return true
        }
    }

    var served: Int { tally.value.served }

    /// Ends it and gives what came of it.
    func stop() -> Tally {
        over.value = true
        _ = finished()
        return tally.value
    }

    /// Requests on one connection until it is closed by its response; what went wrong, if something did.
    private static func useConnection(
        to gateway: GatewayFixture, token: String, keeps: Bool, _ over: Cell<Bool>, _ tally: Cell<Tally>
    ) -> String? {
        do {
            let client = try gateway.connect()
            repeat {
                let fields = keeps ? [] : ["Connection: close"]
                let response = try client.request("GET", "/api/v1/pods", token: token, fields: fields)
                guard response.status == 200 else { return "\(response.status) \(response.text)" }
                tally.update { $0.served += 1 }
                if response.head["connection"]?.lowercased() == "close" { return nil }
                sleep(for: .milliseconds(2))
            } while !over.value
            return nil
        } catch {
            return "\(error)"
        }
    }
}
