// SPDX-License-Identifier: Apache-2.0

import CLinux
import Foundation
import TestSupport

import struct Shared.SocketAddress

/// `lychgate-soak run requests=N [out=FILE]`: lychgate itself, see `Conductor`. With `plain=ADDRESS tls=ADDRESS
/// upstream=ADDRESS pids=PID,… name=NAME http2=0`: another gateway, which must proxy to that upstream. The other two words
/// are the processes that it starts.
@main
enum SoakMain {
    static func main() {
        lg_ignore_sigpipe()
        Harness.prepare()
        let arguments = CommandLine.arguments.dropFirst()
        let options = ClientOptions(arguments.dropFirst())
        do {
            switch arguments.first {
            case "client": try Driver(options).run()
            case "upstream":
                guard let address = SocketAddress(try options.text("address")) else {
                    throw SoakError.usage("address=")
                }
                try Upstream(address: address, ledger: Ledger(try options.text("ledger"))).run()
            case "run": exit(try run(options))
            default: throw SoakError.usage("lychgate-soak run requests=N [out=FILE]")
            }
        } catch {
            FileHandle.standardError.write(Data("lychgate-soak: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ options: ClientOptions) throws -> Int32 {
        let requests = try options.number("requests")
        let folder = try TemporaryFolder()
        let ledger = folder.file("ledger")
        try Ledger.create(ledger, requests: Conductor.capacity(requests))
        let given = try? options.text("upstream")
        let endpoint = try given.map(Self.endpoint) ?? Endpoint.free(on: "127.0.0.4")
        let program = CommandLine.arguments[0]
        let upstream = try ChildProcess(
            program.hasPrefix("/") ? program : "/proc/self/exe",
            ["upstream", "address=\(endpoint)", "ledger=\(ledger)"], folder: folder)
        defer { upstream.signal(SIGKILL) }
        let report: Report
        if given != nil {
            let pids = try options.text("pids").split(separator: ",").compactMap { Int32($0) }
            let stranger = Stranger(
                name: (try? options.text("name")) ?? "another", plain: try options.text("plain"),
                tls: try options.text("tls"), speaksHTTP2: (try? options.number("http2")) != 0, identifiers: pids)
            report = try Conductor(
                stranger, requests: requests, ledger: ledger, token: (try? options.text("bearer")) ?? "none",
                unknownToken: "none"
            ).run()
        } else {
            let lychgate = try Lychgate(
                upstream: endpoint, workers: 2, poolOfWorker: requests < 50_000 ? 300 : 600)
            defer { lychgate.stop() }
            report = try Conductor(
                lychgate, requests: requests, ledger: ledger, token: lychgate.token,
                unknownToken: lychgate.unknownToken
            ).run()
        }
        print(report.json)
        if let out = try? options.text("out") {
            try (report.json + "\n").write(toFile: out, atomically: true, encoding: .utf8)
        }
        return report.failures.isEmpty ? 0 : 1
    }

    private static func endpoint(_ text: String) throws -> Endpoint {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else { throw SoakError.usage("address \(text)") }
        return Endpoint(String(parts[0]), port)
    }
}
