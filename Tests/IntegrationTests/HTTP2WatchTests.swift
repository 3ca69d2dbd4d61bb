// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Many idle watches over few HTTP/2 connections, and the end of all their clients at once. `make watches` opens
    /// 10,000 over 100.
    @Suite(.timeLimit(.minutes(10)))
    struct HTTP2WatchTests {
        private static let connections =
            ProcessInfo.processInfo.environment["LYCHGATE_WATCH_CONNECTIONS"].flatMap { Int($0) } ?? 10
        private static let streams = 100
        /// How long they are held: beyond the first PINGs when there are many.
        private static let held = Duration.seconds(connections > 10 ? 40 : 2)

        @Test("Idle watches are held, cost little memory, and all end upstream within a second of their client's death")
        func watches() throws {
            let count = Self.connections * Self.streams
            let endpoint = try Endpoint.free()
            let upstream = try ChildProcess(
                Harness.python, [HTTP2Script.folder + "watch_upstream.py", "\(endpoint.port)"],
                folder: TemporaryFolder())
            defer { upstream.signal(SIGKILL) }
            try wait("the upstream") { (try? Self.held(by: endpoint)) == 0 }
            try World.run(
                upstreamTLS: false,
                configure: {
                    $0.upstream = endpoint
                    $0.maxInFlight = 12_000
                    $0.pool = ["maxConnections": "12000"]
                }
            ) { world in
                let idle = world.gateway.workers()
                let client = try HTTP2Script.start(
                    "http2_watches", ["\(Self.connections)", "\(Self.streams)"], in: world)
                defer { client.signal(SIGKILL) }
                try wait("the watches: \(client.output) \(client.errors)", within: .seconds(240)) {
                    client.output.contains("open \(count)") || client.waitForExit(within: .zero) != nil
                }
                #expect(try Self.held(by: endpoint) == count, "\(client.errors)")
                let grown = zip(world.gateway.workers(), idle).map { $0.rssAnon - $1.rssAnon }.reduce(0, +)
                let before = world.gateway.workers().map(\.processorMilliseconds).reduce(0, +)
                sleep(for: Self.held)
                let busy = world.gateway.workers().map(\.processorMilliseconds).reduce(0, +) - before
                #expect(try Self.held(by: endpoint) == count, "\(client.output) \(client.errors)")
                #expect(try world.gateway.status().inFlight == count)

                client.signal(SIGKILL)
                let left = ContinuousClock.now
                let gone = try eventually(within: .seconds(10), every: .milliseconds(5)) {
                    try Self.held(by: endpoint) == 0
                }
                let took = (ContinuousClock.now - left).milliseconds
                #expect(gone && took < 1_000, "\(took) ms")
                #expect(world.gateway.waitUntilIdle(within: .seconds(3)))
                expectEventually(within: .seconds(3)) {
                    zip(world.gateway.workers(), idle).allSatisfy { $0.descriptors <= $1.descriptors }
                }
                var table = FiguresTable(
                    "\(count) idle watches over \(Self.connections) HTTP/2 connections, upstream without TLS",
                    columns: ["what", "figure"])
                let each = Double(grown) / 1_024 / Double(count)
                table.add("KiB of both workers for each watch, upstream side included", each.rounded(to: 2))
                table.add("processor ms in \(Self.held.components.seconds) s", "\(busy)")
                table.add("ms from SIGKILL to the upstream's last end", took.rounded(to: 0))
                table.print()
                #expect(each < 8)
            }
        }

        /// Watches that the upstream holds.
        private static func held(by endpoint: Endpoint) throws -> Int? {
            let client = try RawClient.connect(to: endpoint)
            defer { client.wire.close() }
            return Int(try client.request("GET", "/count").text)
        }
    }
}
