// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Scripts/light_upstream.py: an API server without TLS in a process of its own, for tests in which thousands of
/// connections must not be this process's threads.
final class LightUpstream {
    let endpoint: Endpoint
    private let process: ChildProcess

    /// - Parameter wrapper: a command that runs it.
    init(wrapper: [String] = []) throws {
        let endpoint = try Endpoint.free()
        self.endpoint = endpoint
        process = try HTTP2Script.start("light_upstream", ["\(endpoint.port)"], wrapper: wrapper)
        try wait("the upstream: \(process.errors)") { (try? held()) == 0 }
    }

    /// Watches that it holds.
    func held() throws -> Int? {
        let client = try RawClient.connect(to: endpoint)
        defer { client.wire.close() }
        return Int(try client.request("GET", "/count").text)
    }

    func stop() { process.signal(9) }
}
