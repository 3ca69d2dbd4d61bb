// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// Many streams on one connection to the API server: each has its own life, its own end and its own pace.
    @Suite(.timeLimit(.minutes(5)))
    struct HTTP2UpstreamStreamTests {
        private static let watches = 1_000

        @Test("A thousand watches over few connections, and their end within a second of their client's")
        func watches() throws {
            try HTTP2Upstream.run { world, upstream in
                let idle = world.gateway.workers()
                let client = try HTTP2Script.start("http2_watches", ["10", "\(Self.watches / 10)"], in: world)
                defer { client.signal(SIGKILL) }
                try wait("the watches: \(client.output) \(client.errors)", within: .seconds(60)) {
                    client.output.contains("open \(Self.watches)") || client.waitForExit(within: .zero) != nil
                }
                let report = try upstream.report()
                #expect(report.streams == Self.watches, "\(client.errors)")
                #expect(report.connections <= 5)
                let metrics = try upstream.metrics()
                #expect(metrics.value("upstream_streams") == Double(Self.watches))
                #expect(metrics.value("upstream_http2_connections") == Double(report.connections))
                let grown = zip(world.gateway.workers(), idle).map { $0.rssAnon - $1.rssAnon }.reduce(0, +)
                client.signal(SIGKILL)
                let left = ContinuousClock.now
                let gone = try eventually(within: .seconds(10)) { try upstream.report().streams == 0 }
                let took = (ContinuousClock.now - left).milliseconds
                #expect(gone && took < 1_000, "\(took) ms")
                expectEventually(within: .seconds(2)) { (try? world.gateway.status().isIdle) ?? false }
                let after = try upstream.metrics()
                let opened = after.value("upstream_streams_opened_total")
                #expect(opened == after.value("upstream_streams_ended_total") && after.value("upstream_streams") == 0)
                #expect(opened ?? 0 >= Double(Self.watches))
                var table = FiguresTable("\(Self.watches) watches over HTTP/2 upstream", columns: ["what", "figure"])
                table.add("connections to the API server", "\(report.connections)")
                table.add(
                    "KiB of the worker for each, client side included",
                    (Double(grown) / 1_024 / Double(Self.watches)).rounded(to: 2))
                table.add("ms from SIGKILL to the last stream's end", took.rounded(to: 0))
                table.print()
            }
        }

        @Test("A client's hang-up in any way ends its stream, in every state, and no neighbour's")
        func cancellation() throws {
            try HTTP2Upstream.run { world, upstream in
                let neighbour = try world.gateway.connect()
                neighbour.send("GET", "/ticks/x?watch=1", token: world.token)
                _ = try neighbour.reader.readHead(by: .after(.seconds(10)))
                var table = FiguresTable(
                    "client's end to the upstream stream's end, ms (promised 100)",
                    columns: ["state"] + ["FIN", "RST", "RST_STREAM"])
                for (state, method) in [("hang", "GET"), ("ticks", "GET"), ("flood", "GET"), ("deaf", "POST")] {
                    var cells = [state]
                    for leaving in ["FIN", "RST", "RST_STREAM"] {
                        let path = "/\(state)/\(leaving)?watch=1"
                        let took = try measure(leaving, method, path, world, upstream)
                        #expect(took < 1_000, "\(path)")
                        cells.append(took.rounded(to: 1))
                        #expect(try neighbour.reader.readSome(by: .after(.seconds(2))).isEmpty == false, "\(path)")
                    }
                    table.add(cells)
                }
                table.print()
                let report = try upstream.report()
                #expect(report.connectionsBegun == 1 && report.streams == 1)
                #expect(try world.gateway.status().orphans == 0)
                neighbour.wire.close()
            }
        }

        private func measure(
            _ leaving: String, _ method: String, _ path: String, _ world: World, _ upstream: HTTP2Upstream
        ) throws -> Double {
            let isUpload = method == "POST"
            var http1: RawClient?
            var http2: HTTP2Client?
            var stream = 0
            if leaving == "RST_STREAM" {
                let client = try world.http2Client(window: path.hasPrefix("/flood") ? 1_000 : 65_535)
                stream = client.request(method, path, token: world.token, endsStream: !isUpload)
                if isUpload { client.send(.data, stream: stream, payload: [UInt8](repeating: 1, count: 16_000)) }
                http2 = client
            } else {
                let client = try world.gateway.connect(receiveBuffer: 8_192)
                client.send(method, path, token: world.token, fields: isUpload ? ["Content-Length: 100000"] : [])
                if isUpload { client.wire.write([UInt8](repeating: 1, count: 50_000), by: .after(.seconds(5))) }
                http1 = client
            }
            try wait("the stream of \(path)") { try upstream.report().holds(path) }
            sleep(for: .milliseconds(50))
            let left = ContinuousClock.now
            switch leaving {
            case "FIN": http1?.wire.sendFIN()
            case "RST": http1?.wire.reset()
            default: http2?.reset(stream)
            }
            let gone = try eventually(within: .seconds(2), every: .milliseconds(1)) {
                try !upstream.report().holds(path)
            }
            let took = gone ? (ContinuousClock.now - left).milliseconds : .infinity
            http1?.wire.close()
            http2?.wire.close()
            return took
        }

        @Test("Clients that do not read hold up neither their neighbours nor memory, nor do deaf uploads")
        func slowReaders() throws {
            try HTTP2Upstream.run { world, upstream in
                #expect(try world.curl2("/warm").output == "ok")
                let before = world.gateway.workers().map(\.rssAnon).reduce(0, +)
                var slow: [RawClient] = []
                for index in 0..<20 {
                    let client = try world.gateway.connect(receiveBuffer: 8_192)
                    if index < 15 {
                        client.send("GET", "/flood/\(index)?watch=1", token: world.token)
                    } else {
                        client.send(
                            "POST", "/deaf/\(index)", token: world.token, fields: ["Content-Length: 100000000"])
                        client.wire.write([UInt8](repeating: 1, count: 4 << 20), by: .after(.milliseconds(200)))
                    }
                    slow.append(client)
                }
                try wait("the slow ones") { try upstream.report().streams == 20 }
                sleep(for: .seconds(1))
                var worst = 0.0
                for _ in 0..<20 {
                    let start = ContinuousClock.now
                    #expect(try world.curl2("/sized/300000", arguments: ["--output", "/dev/null"]).succeeded)
                    worst = max(worst, (ContinuousClock.now - start).milliseconds)
                }
                let grown = Double(world.gateway.workers().map(\.rssAnon).reduce(0, +) - before) / 1_048_576
                #expect(worst < 2_000, "a neighbour waited \(worst) ms")
                // A window's worth and a record or two of each, at most.
                #expect(grown < 20, "\(grown) MiB")
                #expect(try upstream.report().connectionsBegun == 1)
                var table = FiguresTable("20 stuck streams on one connection", columns: ["what", "figure"])
                table.add("MiB more in the worker", grown.rounded(to: 1))
                table.add("a neighbour's slowest 300 kB, ms (curl's start included)", worst.rounded(to: 0))
                table.print()
                for client in slow { client.wire.reset() }
            }
        }
    }
}
