// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// The very defect of the most used open gateway: requests that impersonate, an API server that never answers the
    /// question whether they may, and clients that leave.
    @Suite(.timeLimit(.minutes(4)))
    struct AbandonedReviewTests {
        static let clients = 2_000

        @Test("2,000 abandoned --as requests to an API server that never answers a review leave nothing behind")
        func abandoned() throws {
            let reviews = ReviewingUpstream()
            let admin = try Endpoint.free(on: "127.0.0.2")
            try World.run(
                configure: {
                    $0.authentication = ["impersonation: {mode: authorize}", "tokenReview: {mode: impersonate}"]
                    $0.deadlines = ["identity": "5m", "request": "10m"]
                    $0.admin = admin
                },
                script: { try reviews.serve($0) }
            ) { world in
                // As many as were handed out to each worker, so that all code has run and all pools are made.
                try Self.warm(world)
                reviews.hangs = true
                _ = try Self.wave(Self.clients / 2, name: "first", in: world, reviews, admin)
                let before = Self.settled(world)
                let figures = try Self.wave(Self.clients, name: "second", in: world, reviews, admin)
                let after = Self.settled(world)

                var table = FiguresTable(
                    "\(Self.clients) abandoned --as requests, reviews never answered",
                    columns: [
                        "in flight", "look-ups running", "waiting", "ms to the last look-up's end",
                        "ms to the last exchange's end", "worker levels before", "after",
                    ])
                let levels = { (figures: [ProcessFigures]) in
                    figures.map { "\($0.descriptors) fd \($0.rssAnon.mebibytes) MiB" }.joined(separator: ", ")
                }
                table.add(
                    "\(figures.inFlight)", "\(figures.running)", "\(figures.waiting)", figures.lookups.rounded(to: 0),
                    figures.exchanges.rounded(to: 0), levels(before), levels(after))
                table.print()

                #expect(figures.inFlight == Self.clients)
                #expect(after.map(\.identifier) == before.map(\.identifier), "a worker was replaced")
                for (old, new) in zip(before, after) {
                    #expect(
                        new.descriptors <= old.descriptors, "descriptors: \(old.descriptors), then \(new.descriptors)")
                    let allowed = Double(old.rssAnon) * 1.1 + Double(1 << 20)
                    #expect(Double(new.rssAnon) <= allowed, "RssAnon: \(old.rssAnon), then \(new.rssAnon)")
                }
                #expect(try Self.metric("lookups_in_flight", admin) == 0)
                #expect(try world.gateway.status().orphans == 0)
                let lingering = KernelSocket.towards(world.upstream.endpoint.port, in: [.closeWait, .synSent])
                #expect(lingering.isEmpty, "\(lingering.count) connections to the API server are left in the kernel")

                // And it serves on.
                reviews.hangs = false
                let served = try world.gateway.connect().request(
                    "GET", "/after", token: world.token, fields: ["Impersonate-User: bob"])
                #expect(served.status == 200)
            }
        }

        @Test("A client's end is its look-up's end, whichever way it leaves")
        func latency() throws {
            let reviews = ReviewingUpstream()
            try World.run(
                configure: {
                    $0.authentication = ["impersonation: {mode: authorize}", "tokenReview: {mode: impersonate}"]
                    $0.deadlines = ["identity": "60s"]
                },
                script: { try reviews.serve($0) }
            ) { world in
                try Self.warm(world)
                reviews.hangs = true
                var table = FiguresTable(
                    "client's end to its look-up's end, ms (3 rounds; promised 100)",
                    columns: ["look-up"] + Leaving.allCases.map(\.rawValue))
                var number = 0
                for kind in ["SubjectAccessReview", "TokenReview"] {
                    var cells = [kind]
                    for leaving in Leaving.allCases {
                        var worst = 0.0
                        for _ in 0..<3 {
                            number += 1
                            let closes = world.upstream.closes.count
                            let asked = reviews.asked.count
                            let client = try world.gateway.connect()
                            if kind == "TokenReview" {
                                client.send("GET", "/x", token: "api-token-\(number)")
                            } else {
                                client.send("GET", "/x", token: world.token, fields: ["Impersonate-User: u-\(number)"])
                            }
                            try wait("the review") { reviews.asked.count == asked + 1 }
                            let left = ContinuousClock.now
                            switch leaving {
                            case .fin: client.wire.sendFIN()
                            case .reset: client.wire.reset()
                            case .closeNotify: client.wire.finishSending()
                            }
                            expectEventually(
                                "\(kind), \(leaving.rawValue)", within: .seconds(2), every: .milliseconds(1)
                            ) { world.upstream.closes.count > closes }
                            let end = world.upstream.closes.last?.at ?? .now
                            worst = max(worst, (end - left).milliseconds)
                            client.wire.close()
                            #expect(world.gateway.waitUntilIdle(within: .seconds(2)))
                        }
                        #expect(worst < 1_000, "\(kind), \(leaving.rawValue)")
                        cells.append(worst.rounded(to: 1))
                    }
                    table.add(cells)
                }
                table.print()
            }
        }

        @Test("kubectl --as that is stopped takes its review with it")
        func kubectl() throws {
            let reviews = ReviewingUpstream()
            try World.run(
                configure: {
                    $0.authentication = ["impersonation: {mode: authorize}"]
                    $0.deadlines = ["identity": "60s"]
                },
                script: { try reviews.serve($0) }
            ) { world in
                reviews.hangs = true
                let folder = try TemporaryFolder()
                let processes = try (0..<4).map { index in
                    try ChildProcess(
                        Harness.executable("kubectl"),
                        [
                            "get", "--raw", "/x", "--as", "user-\(index)", "--as-group", "group-\(index)", "--server",
                            "https://\(world.gateway.endpoint)", "--certificate-authority",
                            world.certificates.authority, "--token", world.token,
                        ],
                        environment: ["HOME": folder.path], folder: folder)
                }
                try wait("the reviews", within: .seconds(30)) { reviews.asked.count == 8 }
                let asked = reviews.asked
                #expect(Set(asked).count == 8, "\(asked)")
                for process in processes { process.signal(SIGTERM) }
                for process in processes { _ = process.waitForExit(within: .seconds(10)) }
                let stopped = ContinuousClock.now
                // Two workers keep the connection that they proved the API server with.
                expectEventually(
                    "\(world.upstream.ledger.open) connections to the API server", within: .seconds(3),
                    every: .milliseconds(2)
                ) { world.upstream.ledger.open <= 2 }
                let took = (ContinuousClock.now - stopped).milliseconds
                #expect(world.gateway.waitUntilIdle(within: .seconds(2)))
                var table = FiguresTable("4 kubectl --as stopped", columns: ["reviews", "ms to their end"])
                table.add("8", took.rounded(to: 0))
                table.print()
            }
        }

        private struct Figures {
            var inFlight = 0
            var running = 0
            var waiting = 0
            var lookups = 0.0
            var exchanges = 0.0
        }

        private static func warm(_ world: World) throws {
            for index in 0..<16 {
                let client = try world.gateway.connect()
                let answer = try client.request(
                    "GET", "/warm", token: world.token, fields: ["Impersonate-User: warm-\(index)"])
                #expect(answer.status == 200)
                client.wire.close()
            }
        }

        /// Opens so many requests, each as somebody else, waits until all are in flight, and leaves in all ways.
        private static func wave(
            _ count: Int, name: String, in world: World, _ reviews: ReviewingUpstream, _ admin: Endpoint
        ) throws -> Figures {
            let threads = 4
            let clients = Cell<[RawClient]>([])
            Harness.concurrently(threads) { thread in
                var mine: [RawClient] = []
                for index in 0..<count / threads {
                    guard let client = try? world.gateway.connect() else { continue }
                    // Every fourth brings an API token instead, so that both kinds of review hang.
                    if index % 4 == 0 {
                        client.send("GET", "/x", token: "api-token-\(name)-\(thread)-\(index)")
                    } else {
                        client.send(
                            "GET", "/x", token: world.token,
                            fields: ["Impersonate-User: \(name)-\(thread)-\(index)"])
                    }
                    mine.append(client)
                }
                let opened = mine
                clients.update { $0 += opened }
            }
            #expect(clients.value.count == count)
            try wait("all requests in flight", within: .seconds(60)) { try world.gateway.status().inFlight == count }
            var figures = Figures(inFlight: try world.gateway.status().inFlight)
            figures.running = try metric("lookups_in_flight", admin, ["state": "running"])
            figures.waiting = try metric("lookups_in_flight", admin, ["state": "waiting"])
            #expect(figures.running + figures.waiting == count)
            for (index, client) in clients.value.enumerated() {
                switch index % 3 {
                case 0: client.wire.close()
                case 1: client.wire.reset()
                default: client.wire.closeAbruptly()
                }
            }
            let left = ContinuousClock.now
            expectEventually("look-ups go on after \(name)", within: .seconds(10), every: .milliseconds(2)) {
                KernelSocket.towards(world.upstream.endpoint.port, in: [.established]).count <= 32
            }
            figures.lookups = (ContinuousClock.now - left).milliseconds
            #expect(world.gateway.waitUntilIdle(within: .seconds(10)))
            figures.exchanges = (ContinuousClock.now - left).milliseconds
            #expect(try metric("lookups_in_flight", admin) == 0)
            return figures
        }

        private static func metric(_ name: String, _ admin: Endpoint, _ labels: [String: String] = [:]) throws -> Int {
            let page = try RawClient.connect(to: admin).request("GET", "/metrics").text
            return Int(try Metrics(page).value(name, labels) ?? -1)
        }

        /// Levels of the workers once kept connections are closed and memory has gone back.
        private static func settled(_ world: World) -> [ProcessFigures] {
            var levels = world.gateway.workers()
            var still = 0
            let deadline = Deadline.after(.seconds(25))
            while still < 4 && !deadline.hasPassed {
                sleep(for: .milliseconds(500))
                let now = world.gateway.workers()
                let moved = zip(levels, now).contains {
                    abs($0.rssAnon - $1.rssAnon) > 64 << 10 || $0.descriptors != $1.descriptors
                }
                still = moved || now.count != levels.count ? 0 : still + 1
                levels = now
            }
            return levels
        }
    }
}
