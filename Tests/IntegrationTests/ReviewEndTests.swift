// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Questions to an API server that never answers, over HTTP/2, and asked of the stand-in, which is no part of the
    /// tests' own code.
    @Suite(.timeLimit(.minutes(3)))
    struct ReviewEndTests {
        static let clients = 2_000

        @Test("A stream's end is its look-up's end, whichever way it ends, and its connection goes on")
        func streams() throws {
            let reviews = ReviewingUpstream()
            try World.run(
                configure: {
                    $0.authentication = ["impersonation: {mode: authorize}", "tokenReview: {mode: impersonate}"]
                    $0.deadlines = ["identity": "60s"]
                },
                script: { try reviews.serve($0) }
            ) { world in
                reviews.hangs = true
                var table = FiguresTable(
                    "HTTP/2: stream's end to its look-up's end, ms (3 rounds; promised 100)",
                    columns: ["look-up"] + StreamLeaving.allCases.map(\.rawValue))
                var number = 0
                for kind in ["SubjectAccessReview", "TokenReview"] {
                    var cells = [kind]
                    for leaving in StreamLeaving.allCases {
                        var worst = 0.0
                        for _ in 0..<3 {
                            number += 1
                            worst = max(worst, try Self.measure(kind, leaving, number, world, reviews))
                        }
                        #expect(worst < 1_000, "\(kind), \(leaving.rawValue)")
                        cells.append(worst.rounded(to: 1))
                    }
                    table.add(cells)
                }
                table.print()
                #expect(try world.gateway.status().orphans == 0)
            }
        }

        /// Milliseconds from a stream's end to that of the look-up's connection.
        private static func measure(
            _ kind: String, _ leaving: StreamLeaving, _ number: Int, _ world: World, _ reviews: ReviewingUpstream
        ) throws -> Double {
            let closes = world.upstream.closes.count
            let asked = reviews.asked.count
            let client = try world.http2Client()
            let stream =
                if kind == "TokenReview" {
                    client.request("GET", "/x", token: "api-token-\(number)")
                } else {
                    client.request("GET", "/x", token: world.token, fields: [("impersonate-user", "u-\(number)")])
                }
            try wait("the review") { reviews.asked.count == asked + 1 }
            let left = ContinuousClock.now
            switch leaving {
            case .resetStream: client.reset(stream)
            case .fin: client.wire.sendFIN()
            case .reset: client.wire.reset()
            case .closeNotify: client.wire.finishSending()
            }
            expectEventually("\(kind), \(leaving.rawValue)", within: .seconds(2), every: .milliseconds(1)) {
                world.upstream.closes.count > closes
            }
            let end = world.upstream.closes.last?.at ?? .now
            #expect(try eventually(within: .seconds(2)) { try world.gateway.status().inFlight == 0 })
            if leaving == .resetStream {
                // Another request on the same connection is served, as somebody who needs no review.
                let next = client.request("GET", "/next", token: world.token)
                #expect("\(client.end(of: next, by: .after(.seconds(5))))" == "answer 200")
            }
            client.wire.close()
            #expect(world.gateway.waitUntilIdle(within: .seconds(2)))
            return (end - left).milliseconds
        }

        @Test("2,000 abandoned --as requests to the stand-in, which never answers their reviews, leave nothing behind")
        func standIn() throws {
            let certificates = try Certificates.shared.get()
            let standIn = try StandIn()
            defer { standIn.stop() }
            var options = standIn.options
            options.authentication = ["impersonation: {mode: authorize}"]
            options.deadlines = ["identity": "5m", "request": "10m"]
            let gateway = try GatewayFixture(options, certificates: certificates)
            let token = try standIn.token(for: "alice", groups: ["developers"])
            for index in 0..<8 {
                let client = try gateway.connect()
                let fields = ["Impersonate-User: warm-\(index)"]
                #expect(try client.request("GET", "/whoami", token: token, fields: fields).status == 200)
                client.wire.close()
            }
            #expect(gateway.waitUntilIdle(within: .seconds(5)))
            let before = gateway.workers()
            try standIn.hangReviews(true)
            let clients = Cell<[RawClient]>([])
            Harness.concurrently(4) { thread in
                for index in 0..<Self.clients / 4 {
                    guard let client = try? gateway.connect() else { continue }
                    client.send("GET", "/whoami", token: token, fields: ["Impersonate-User: user-\(thread)-\(index)"])
                    clients.update { $0.append(client) }
                }
            }
            try wait("all requests in flight", within: .seconds(60)) {
                try gateway.status().inFlight == Self.clients
            }
            let hanging = try standIn.hangingReviews()
            #expect(hanging > 0)
            let left = ContinuousClock.now
            for (index, client) in clients.value.enumerated() {
                switch index % 3 {
                case 0: client.wire.close()
                case 1: client.wire.reset()
                default: client.wire.closeAbruptly()
                }
            }
            expectEventually("the stand-in still holds reviews", within: .seconds(10), every: .milliseconds(10)) {
                (try? standIn.hangingReviews()) == 0
            }
            let took = (ContinuousClock.now - left).milliseconds
            #expect(gateway.waitUntilIdle(within: .seconds(10)))
            let status = try gateway.status()
            #expect(status.orphans == 0)
            let after = gateway.workers()
            #expect(after.map(\.identifier) == before.map(\.identifier), "a worker was replaced")
            try standIn.hangReviews(false)
            let served = try gateway.connect().request(
                "GET", "/whoami", token: token, fields: ["Impersonate-User: bob"])
            #expect(served.status == 200 && served.text.contains("bob"), "\(served.text)")
            var table = FiguresTable(
                "\(Self.clients) abandoned --as requests, the stand-in never answers",
                columns: ["in flight", "reviews at the stand-in", "ms to their end there", "left"])
            table.add("\(Self.clients)", "\(hanging)", took.rounded(to: 0), "\(try standIn.hangingReviews())")
            table.print()
            let stopped = gateway.stop()
            #expect(stopped.exit == .code(0) && stopped.survivors.isEmpty, "\(stopped.log)")
        }
    }
}
