// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Supervisor

@Suite struct StatusTableTests {
    @Test func table() throws {
        let json = """
            {"version":"0.1.0","pid":100,"state":"running","uptimeSeconds":3661.5,
             "listeners":[{"name":"main","address":"127.0.0.1:8443"}],
             "handoff":{"accepted":5,"handed":5,"claimed":4,"redelivered":1,"lost":0,"unclaimed":1},
             "keyring":{"pid":101,"state":"ready","generation":3},
             "admin":{"pid":103,"state":"ready","address":"127.0.0.1:9402","connections":1},
             "workers":[{"slot":0,"generation":1,"pid":102,"state":"ready","connections":12,"inFlight":3,
               "upstreamConnections":4,"upstreamIdle":1,"orphans":0,"exchangesOpened":103,"exchangesEnded":100,
               "cancelled":2,"orphanMilliseconds":{"count":2,"max":0.4},"rssAnonBytes":13000000,"descriptors":30}],
             "recycles":{"max_age":2},"supervisor":{"descriptors":40,"rssAnonBytes":9000000},"later":true}
            """
        let answer = try JSONDecoder().decode(SupervisorStatus.self, from: Data(json.utf8))
        #expect(
            StatusTable.text(answer) == """
                lychgate 0.1.0  pid 100  running  up 1h1m1s
                replaced: max_age=2

                LISTENER  ADDRESS
                main      127.0.0.1:8443

                ACCEPTED  HANDED  CLAIMED  UNCLAIMED  REDELIVERED  LOST
                5         5       4        1          1            0

                KEYRING  PID  GENERATION
                ready    101  3

                ADMIN  PID  ADDRESS         CONNS
                ready  103  127.0.0.1:9402  1

                WORKER  STATE  PID  AGE  CONNS  IN-FLIGHT  UPSTREAM  IDLE  ORPHANS  ENDED  CANCELLED  MEMORY   FDS
                0.1     ready  102  -    12     3          4         1     0        100    2          12.4MiB  30
                """)
        var pinned = answer.workers
        pinned[0].processor = 3
        #expect(StatusTable.workers(pinned).hasSuffix("12.4MiB  30   3"))
        var young = answer.workers
        young[0].memoryBytes = 26_000_000
        young[0].ageSeconds = 61.7
        young[0].youngDeaths = 3
        young[0].startsInSeconds = 1.24
        #expect(StatusTable.workers(young).contains("102  1m1s  12"))
        #expect(StatusTable.workers(young).hasSuffix("24.8MiB  30   3, next in 1.3s"))
    }

    @Test func whatGoesOnAndWhatFailedIsSaid() {
        var status = SupervisorStatus(
            version: "", pid: 1, state: "running", uptimeSeconds: 0, listeners: [],
            handoff: .init(accepted: 0, handed: 0, claimed: 0, redelivered: 0, lost: 0, unclaimed: 0),
            keyring: .init(pid: 1, state: "ready", generation: 1), workers: [], recycles: [:],
            supervisor: .init(descriptors: 1, rssAnonBytes: 1))
        #expect(StatusTable.news(status).isEmpty)
        status.change = .init(kind: "reload", phase: "rolling", ready: 1, workers: 4)
        status.reloadFailure = "the new worker 4.1 did not become ready"
        status.upgradeFailure = "no"
        status.recycles = ["roll": 2, "died": 1]
        #expect(
            StatusTable.news(status) == [
                "reload under way: 1 of 4 workers replaced",
                "last reload failed: the new worker 4.1 did not become ready", "last upgrade failed: no",
                "replaced: died=1 roll=2",
            ])
        status.change = .init(kind: "restart", phase: "goingBack", ready: 3, workers: 4)
        #expect(StatusTable.news(status)[0] == "restart under way: going back, 3 of 4 workers are as before")
        status.change = .init(kind: "upgrade", phase: "checking")
        #expect(StatusTable.news(status)[0] == "upgrade under way: checking")
    }
}
