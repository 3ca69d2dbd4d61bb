// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

extension Integration {
    /// Watches and `log -f`: what comes is passed on as it comes, and a client that is gone is noticed in any way of going.
    @Suite(.timeLimit(.minutes(2)))
    struct WatchTests {
        private static let events = 60

        @Test("Each event reaches the client at once, in chunks and up to the connection's end, small and with pauses")
        func promptness() throws {
            let sent = Mutex<[String: ContinuousClock.Instant]>([:])
            try World.run(script: { connection in
                let head = try connection.readHead()
                let isChunked = head.target.contains("watch")
                connection.write("HTTP/1.1 200 OK\r\n\(isChunked ? "Transfer-Encoding: chunked\r\n" : "")\r\n")
                for index in 0..<Self.events {
                    sleep(for: .milliseconds(10))
                    let event = "{\"type\":\"ADDED\",\"number\":\(1000 + index)}\n"
                    sent.withLock { $0["\(head.target) \(1000 + index)"] = .now }
                    if isChunked { connection.writeChunk(event) } else { connection.write(event) }
                }
                if isChunked { connection.write("0\r\n\r\n") }
            }) { world in
                var table = FiguresTable(
                    "an event's way through the gateway, ms", columns: ["stream", "median", "largest"])
                for target in ["/api/v1/pods?watch=1", "/api/v1/namespaces/d/pods/p/log?follow=true"] {
                    let client = try world.gateway.connect()
                    client.send("GET", target, token: world.token)
                    _ = try client.reader.readHead(by: .after(.seconds(10)))
                    var text = ""
                    var delays: [Double] = []
                    while delays.count < Self.events {
                        text += String(decoding: try client.reader.readSome(by: .after(.seconds(10))), as: UTF8.self)
                        let now = ContinuousClock.now
                        while let match = text.firstMatch(of: /"number":([0-9]{4})}/) {
                            let start = sent.withLock { $0["\(target) \(match.1)"] }
                            delays.append((now - (try #require(start))).milliseconds)
                            text.removeSubrange(..<match.range.upperBound)
                        }
                    }
                    delays.sort()
                    let median = delays[delays.count / 2]
                    // An event that waited for the next one would be 10 ms late, every time.
                    #expect(median < 8, "\(target)")
                    #expect(delays[delays.count - 1] < 1_000, "\(target)")
                    table.add(target, median.rounded(to: 2), delays[delays.count - 1].rounded(to: 2))
                    client.wire.close()
                }
                table.print()
            }
        }

        @Test(
            "A client's host that falls silent while events flow is given up after TCP_USER_TIMEOUT",
            .enabled(if: SilentNetwork.isPossible, "no network namespace can be made here (CAP_NET_ADMIN, iproute2)"))
        func silentHost() throws {
            let network = try #require(SilentNetwork())
            defer { network.remove() }
            let certificates = try Certificates.shared.get()
            let issuer = try World.wellBehavedIssuer.get()
            let upstream = try ScriptedUpstream(tls: certificates.server(), ExchangeState.serve)
            defer { upstream.stop() }
            var options = GatewayOptions(issuer: issuer, upstream: upstream)
            options.deadlines = ["bodyProgress": "1s"]
            let gateway = try GatewayFixture(options, on: SilentNetwork.near, certificates: certificates)
            let token = try issuer.token(for: "alice", groups: [])
            let folder = try TemporaryFolder()
            let client = try ChildProcess(
                SilentNetwork.ip,
                [
                    "netns", "exec", network.name, "curl", "--silent", "--insecure", "--no-buffer", "--header",
                    "Authorization: Bearer \(token)", "https://\(gateway.endpoint)/stream/silent",
                ],
                folder: folder)
            defer { client.signal(SIGKILL) }
            try wait("events") { client.output.contains("ticktick") }
            let start = ContinuousClock.now
            network.cut()
            let close = upstream.close(of: "/stream/silent", within: .seconds(10))
            let took = (try #require(close, "the upstream's part goes on").at - start).milliseconds
            // The time-out is 1 s, counted from the first byte that stays unacknowledged; the kernel's own patience is 15 min.
            #expect(took > 500 && took < 6_000, "\(took) ms")
            print("silent host: upstream closed after \(took.rounded(to: 0)) ms with a time-out of 1 s")
            expectEventually(within: .seconds(2)) { (try? gateway.status())?.inFlight == 0 }
            let stopped = gateway.stop()
            #expect(stopped.exit == .code(0), "\(stopped.log)")
        }
    }
}

/// A network of its own with one client in it, whose cable can be pulled: what is sent into it then is lost without a sign.
struct SilentNetwork {
    static let ip = "/usr/sbin/ip"
    /// Our end's address (RFC 2544's block, which nobody routes).
    static let near = "198.18.77.1"
    let name = "lychgate-\(ProcessInfo.processInfo.processIdentifier)"
    private var link: String { "lg\(ProcessInfo.processInfo.processIdentifier)" }

    /// Whether one may be made here.
    static let isPossible: Bool = {
        let network = SilentNetwork()
        network?.remove()
        return network != nil
    }()

    /// nil: it may not be made here.
    init?() {
        guard FileManager.default.isExecutableFile(atPath: Self.ip) else { return nil }
        let steps = [
            ["netns", "add", name], ["link", "add", link, "type", "veth", "peer", "name", "far", "netns", name],
            ["address", "add", "\(Self.near)/30", "dev", link], ["link", "set", link, "up"],
            ["-n", name, "address", "add", "198.18.77.2/30", "dev", "far"], ["-n", name, "link", "set", "far", "up"],
        ]
        guard steps.allSatisfy(Self.run) else {
            remove()
            return nil
        }
    }

    /// Pulls the cable.
    func cut() { _ = Self.run(["-n", name, "link", "set", "far", "down"]) }

    func remove() {
        _ = Self.run(["link", "del", link])
        _ = Self.run(["netns", "del", name])
    }

    private static func run(_ arguments: [String]) -> Bool {
        (try? ChildProcess.run(ip, arguments).succeeded) ?? false
    }
}
