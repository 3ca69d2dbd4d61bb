// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension Integration {
    /// Workers are replaced under load, and no client notices.
    @Suite(.timeLimit(.minutes(3)))
    struct RecyclingTests {
        @Test(
            "A worker that has served its requests, or holds too much memory, is replaced without a failed request",
            arguments: [
                ("max_requests", ["maxRequests": "200"]), ("memory_soft", ["memorySoft": "1MiB"]),
                ("max_age", ["maxAge": "11s"]),
            ])
        func voluntary(reason: String, recycling: [String: String]) throws {
            try World.run(configure: { $0.recycling = recycling }) { world in
                let before = Set(try world.gateway.status().workers.map(\.pid))
                let load = ConstantLoad(world)
                expectEventually(within: .seconds(40), every: .milliseconds(100)) {
                    let status = try? world.gateway.status()
                    #expect(status.map { $0.readyWorkers.count >= 2 } != false, "below the floor")
                    #expect(status.map { $0.workers.count <= 3 } != false, "more than one recycle at once")
                    return (status?.recycles[reason] ?? 0) >= 2
                }
                let tally = load.stop()
                #expect(tally.failures == [])
                #expect(tally.served > 1_000)
                let status = try world.gateway.status()
                #expect(Set(status.recycles.keys) == [reason])
                #expect(before.isDisjoint(with: status.readyWorkers.prefix(1).map(\.pid)))
            }
        }

        @Test("A worker above the hard memory limit is killed at once, and says why")
        func memoryHard() throws {
            try World.run(configure: { $0.recycling = ["memorySoft": "1MiB", "memoryHard": "2MiB"] }) { world in
                expectEventually(within: .seconds(15)) {
                    (try? world.gateway.status().recycles["memory_hard"]) ?? 0 > 0
                }
                #expect(world.gateway.log.contains("above recycling.memoryHard"))
            }
        }
    }
}
