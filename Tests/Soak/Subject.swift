// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// The gateway under test, as the soak sees it: where it is reached, and what the kernel says of its processes.
protocol Subject {
    var name: String { get }
    var plain: String { get }
    var tls: String { get }
    var speaksHTTP2: Bool { get }
    /// Upstream connections that all its processes together may have; nil: no such bound is known.
    var poolSize: Int? { get }
    var identifiers: [Int32] { get }
    /// Nothing is held for anyone, as far as it says so itself.
    func isIdle() -> Bool
    /// Its own figures now: requests in flight, and upstream work older than 100 ms whose client is gone.
    func sample() -> (inFlight: Int, orphans: Int)?
    /// The longest that upstream work has outlived its client, as its workers measured it, in seconds.
    var longestOrphan: Double { get }
    /// Workers replaced, by reason.
    var recycles: [String: Int] { get }
    /// While it is on, unknown keys are waited for.
    func stallIssuer(_ stalls: Bool)
    func stop()
}

/// lychgate, with every limit and every recycling rule as it ships, except for the pool, which a wave of watches must be
/// able to fill.
final class Lychgate: Subject {
    let name = "lychgate"
    let tls: String
    let plain: String
    let speaksHTTP2 = true
    let poolSize: Int?
    private let fixture: GatewayFixture
    private let issuer: TestIssuer
    let token: String
    let unknownToken: String

    init(upstream: Endpoint, workers: Int, poolOfWorker: Int) throws {
        let certificates = try Certificates.shared.get()
        issuer = try TestIssuer(certificates)
        token = try issuer.token(for: "jane", groups: ["dev", "ops"], expiresIn: 86_400)
        unknownToken = try issuer.token(for: "jane", expiresIn: 86_400, keyIdentifier: "nobody's")
        var options = GatewayOptions(issuer: issuer.url, upstream: upstream)
        options.upstreamTLS = false
        options.workers = workers
        // A kept connection is soon given up, so that rest is soon reached.
        options.pool = ["maxConnections": "\(poolOfWorker)", "idleTimeout": "1s"]
        let plain = try Endpoint.free(on: "127.0.0.3")
        options.plainListeners = [plain]
        options.sections = "logging: {level: warning, requests: false}\n"
        fixture = try GatewayFixture(options, on: "127.0.0.2", certificates: certificates)
        tls = fixture.endpoint.description
        self.plain = plain.description
        poolSize = workers * poolOfWorker
    }

    var identifiers: [Int32] { fixture.processes().map(\.identifier) }

    func isIdle() -> Bool {
        guard let status = try? fixture.status() else { return false }
        return status.isIdle && status.upstreamConnections == 0
    }

    func sample() -> (inFlight: Int, orphans: Int)? {
        (try? fixture.status()).map { ($0.inFlight, $0.orphans) }
    }

    var recycles: [String: Int] { (try? fixture.status().recycles) ?? [:] }

    var longestOrphan: Double {
        ((try? fixture.status().workers.map(\.orphanMilliseconds.max)) ?? []).reduce(0, max) / 1_000
    }

    func stallIssuer(_ stalls: Bool) { issuer.set(stalls ? .hangs : .answers) }

    func stop() {
        let stopped = fixture.stop()
        issuer.stop()
        if stopped.exit != .code(0) { print("the gateway's end: \(String(describing: stopped.exit))\n\(stopped.log)") }
    }
}

/// Another gateway, started by somebody else in front of the soak's upstream.
struct Stranger: Subject {
    let name: String
    let plain: String
    let tls: String
    let speaksHTTP2: Bool
    let identifiers: [Int32]
    let poolSize: Int? = nil
    let recycles: [String: Int] = [:]
    let longestOrphan = 0.0

    func isIdle() -> Bool { true }
    func sample() -> (inFlight: Int, orphans: Int)? { nil }
    func stallIssuer(_ stalls: Bool) {}
    func stop() {}
}
