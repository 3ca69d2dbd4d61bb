// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Supervisor

@Suite struct TopViewTests {
    private func sample(uptime: Double, accepted: Int, workers: [(pid: Int, ended: Int)], requests: Int) throws
        -> TopView.Sample
    {
        let rows = workers.enumerated().map { slot, worker in
            """
            {"slot":\(slot),"generation":1,"pid":\(worker.pid),"state":"ready","connections":3,"inFlight":2,
             "upstreamConnections":4,"upstreamIdle":1,"orphans":0,"exchangesOpened":0,"exchangesEnded":\(worker.ended),
             "cancelled":2,"orphanMilliseconds":{"count":2,"max":0.4},"rssAnonBytes":1048576,"descriptors":30}
            """
        }
        let status = """
            {"version":"0.1.0","pid":100,"state":"running","uptimeSeconds":\(uptime),"listeners":[],
             "handoff":{"accepted":\(accepted),"handed":5,"claimed":4,"redelivered":1,"lost":1,"unclaimed":1},
             "keyring":{"pid":101,"state":"ready","generation":3},"workers":[\(rows.joined(separator: ","))],
             "recycles":{"max_age":2,"died":1},"supervisor":{"descriptors":40,"rssAnonBytes":9000000}}
            """
        let list = (0..<requests).map { number in
            RequestList.Request(
                id: "0.1/\(number + 1)", pid: 2, phase: "requesting", ageSeconds: 3, idleSeconds: 1,
                deadlineSeconds: nil, client: "127.0.0.1:1", user: "alice", method: "GET", path: "/api",
                bytesFromClient: 1, bytesToClient: 2)
        }
        return TopView.Sample(
            status: try JSONDecoder().decode(SupervisorStatus.self, from: Data(status.utf8)),
            requests: RequestList(requests: list, total: requests))
    }

    @Test func ratesAreOfTheSameProcessAndTheTimeBetween() throws {
        var view = TopView()
        let first = view.lines(
            try sample(uptime: 60, accepted: 10, workers: [(7, 100), (8, 50)], requests: 0), requests: 5)
        #expect(
            first == [
                "lychgate 0.1.0  pid 100  running  up 1m",
                "requests -/s  connections -/s  in flight 4  open 6  orphans 0  lost 1  replaced died=1 max_age=2", "",
                "WORKER  STATE  PID  AGE  CONNS  IN-FLIGHT  UPSTREAM  IDLE  ORPHANS  ENDED  CANCELLED  ENDED/S  "
                    + "MEMORY  FDS",
                "0.1     ready  7    -    3      2          4         1     0        100    2          -        1.0MiB  30",
                "1.1     ready  8    -    3      2          4         1     0        50     2          -        1.0MiB  30",
            ])
        // The second worker is another process by now.
        let second = view.lines(
            try sample(uptime: 62, accepted: 13, workers: [(7, 300), (9, 5)], requests: 7), requests: 2)
        #expect(second[1].hasPrefix("requests 100/s  connections 1.5/s  in flight 4"))
        #expect(second[4].contains("300    2          100      1.0MiB"))
        #expect(second[5].contains("5      2          -        1.0MiB"))
        #expect(second[6] == "" && second[7].hasPrefix("ID "))
        #expect(second[8].hasPrefix("0.1/1") && second[9].hasPrefix("0.1/2"))
        #expect(second.last == "… and 5 more" && second.count == 11)
        // The gateway was started anew: nothing can be compared.
        let third = view.lines(try sample(uptime: 1, accepted: 0, workers: [(7, 400)], requests: 3), requests: 0)
        #expect(third[1].hasPrefix("requests -/s  connections -/s") && third.count == 5)
    }

    @Test func aFrameFitsTheTerminal() {
        #expect(
            TopView.frame(["one", "two long", "three", "four"], rows: 4, columns: 4)
                == "\u{1b}[Hone\u{1b}[K\ntwo \u{1b}[K\nthre\u{1b}[K\n\u{1b}[J")
        #expect(TopView.frame(["one", "two"], rows: 0, columns: 80) == "\u{1b}[Hone\u{1b}[K\n\u{1b}[J")
    }
}
