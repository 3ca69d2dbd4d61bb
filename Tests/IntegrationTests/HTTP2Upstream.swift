// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Scripts/http2_upstream.py: an API server that speaks HTTP/2, with paths for everything that can go wrong.
final class HTTP2Upstream {
    /// What it says of itself.
    struct Report: Decodable {
        let connections: Int
        let connectionsBegun: Int
        let http1Begun: Int
        let requests: Int
        let resets: Int
        let declined: Int
        let streams: Int
        let paths: [String]
        /// Streams that were open on one connection at once.
        let largest: Int

        func holds(_ path: String) -> Bool { paths.contains(path) }
    }

    let endpoint: Endpoint
    let process: ChildProcess
    private let control: RawClient
    /// Where the gateway in front of it shows its metrics.
    private(set) var admin: Endpoint?

    /// - Parameter streams: what it allows on each connection.
    init(streams: Int = 250, certificates: Certificates) throws {
        let endpoint = try Endpoint.free()
        self.endpoint = endpoint
        let port = try Endpoint.free()
        let process = try HTTP2Script.start(
            "http2_upstream",
            ["\(endpoint.port)", "\(port.port)", certificates.certificate, certificates.key, "\(streams)"])
        self.process = process
        var client: RawClient?
        try wait("the upstream: \(process.errors)") {
            client = try? RawClient.connect(to: port)
            return client != nil
        }
        guard let client else { throw HarnessError.unexpected("no upstream") }
        control = client
    }

    func report(_ command: String = "report") throws -> Report {
        control.wire.write(command + "\n")
        var line: [UInt8] = []
        while line.last != 0x0A {
            guard case .bytes(let bytes) = control.wire.read(by: .after(.seconds(10))) else {
                throw HarnessError.unexpected("the upstream says nothing: \(process.errors)")
            }
            line += bytes
        }
        return try JSONDecoder().decode(Report.self, from: Data(line))
    }

    func stop() {
        control.wire.close()
        process.signal(SIGKILL)
    }

    /// A gateway of one worker in front of one.
    static func run(
        streams: Int = 250, configure: (inout GatewayOptions) -> Void = { _ in },
        _ body: (World, HTTP2Upstream) throws -> Void
    ) throws {
        let upstream = try HTTP2Upstream(streams: streams, certificates: Certificates.shared.get())
        defer { upstream.stop() }
        try World.run(configure: {
            $0.workers = 1
            $0.upstream = upstream.endpoint
            $0.upstreamHTTP2 = true
            $0.admin = try? Endpoint.free(on: "127.0.0.2")
            configure(&$0)
            upstream.admin = $0.admin
        }) { world in
            try body(world, upstream)
            let gone = try eventually(within: .seconds(3)) { try upstream.report().streams == 0 }
            let left = try upstream.report().paths
            guard gone else { throw HarnessError.unexpected("streams are left: \(left)") }
        }
    }

    func metrics() throws -> Metrics {
        guard let admin else { throw HarnessError.unexpected("no metrics") }
        return try Metrics(
            ChildProcess.run("curl", ["--silent", "--max-time", "10", "http://\(admin)/metrics"]).output)
    }
}
