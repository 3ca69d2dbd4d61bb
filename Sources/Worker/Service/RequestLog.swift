// SPDX-License-Identifier: Apache-2.0

import Shared

/// One JSON line for each request that ended, also for those that were refused before they had begun: always with the same
/// fields, empty where nothing is known, never with a query or a token in it.
///
/// Lines are gathered and written once a turn, or when there are many, so that a busy worker makes one system call for many.
/// Standard error is a pipe or the journal's socket: when nobody reads it, lines are dropped and counted rather than the
/// loop held.
final class RequestLog {
    let isOn: Bool
    private let worker: String
    private let kernel: any Kernel
    private(set) var line = JSONLine()
    private let write: ([UInt8]) -> Void
    /// What is gathered at most, and a line more.
    private static let maxPending = 61_440

    struct Entry {
        var client: SocketAddress
        /// What `describe` has taken down.
        var about: [UInt8]
        /// 0: it has not become an exchange.
        var id: UInt64 = 0
        var auditID: AuditID?
        var user = ""
        /// Whom the user acted as, or wanted to; empty: nobody else.
        var impersonated = ""
        /// 0: no response was sent.
        var status = 0
        var reason = ""
        var bytesFromClient: UInt64 = 0
        var bytesToClient: UInt64 = 0
        var nanoseconds: UInt64 = 0
        var isLongRunning = false
        var retried = false

        init(client: SocketAddress, about: [UInt8]) {
            self.client = client
            self.about = about
        }
    }

    /// - Parameter worker: what the supervisor calls this worker; with a line's `id` that is the name by which
    ///   `lychgate ps` and `lychgate kill` know a request.
    init(
        isOn: Bool, worker: String, kernel: any Kernel,
        write: @escaping ([UInt8]) -> Void = { StandardErrorLog.write($0) }
    ) {
        self.isOn = isOn
        self.worker = worker
        self.kernel = kernel
        self.write = write
    }

    func record(_ entry: Entry) {
        guard isOn else { return }
        line.put("{\"ts\":\"")
        line.put(Timestamp.text(milliseconds: kernel.wallClockMilliseconds()))
        line.put("\",\"msg\":\"request\",\"worker\":\"\(worker)\",\"id\":\(entry.id),\"audit_id\":\"")
        if let auditID = entry.auditID { line.put(auditID.bytes) }
        line.put("\",\"client\":\"\(entry.client)\",")
        line.put(entry.about)
        line.member("user", entry.user)
        line.member("impersonated", entry.impersonated)
        line.put("\"status\":\(entry.status),\"end\":\"\(entry.reason)\",\"bytes_in\":\(entry.bytesFromClient)")
        line.put(",\"bytes_out\":\(entry.bytesToClient),\"duration_us\":\(entry.nanoseconds / 1_000)")
        line.put(",\"long_running\":\(entry.isLongRunning),\"retried\":\(entry.retried)}\n")
        if line.bytes.count >= Self.maxPending { flush() }
    }

    /// Writes what was gathered.
    func flush() {
        guard !line.bytes.isEmpty else { return }
        write(line.bytes)
        line.removeAll()
    }

    // MARK: What a line says of the request itself

    // Longer than what is rightful, and in all so short that a line stays below PIPE_BUF.
    private static let longestPath = 640
    /// Names in Kubernetes have at most 253 bytes.
    private static let longestName = 260
    private static let longestVerb = 40

    /// Takes down what a line says of a request, while its head is there: the members from `listener` to `name`.
    static func describe(
        _ head: RequestHead, _ info: RequestInfo, in bytes: ByteView, listener: String,
        _ transport: RequestSeries.Transport
    ) -> [UInt8] {
        let name = { (range: ByteRange) in
            range.isEmpty
                ? "" : text { writer in PathText.write(range, of: bytes, into: &writer) }
        }
        let object = text { writer in
            if info.nameIsSelector {
                PathText.write(selector: info.name, of: bytes, into: &writer)
            } else {
                PathText.write(info.name, of: bytes, into: &writer)
            }
        }
        return describe(
            listener, transport, method: bytes[head.methodName].text(atMost: longestVerb),
            path: bytes[head.path].text(atMost: longestPath),
            verb: text { writer in info.verb.write(of: bytes, into: &writer) },
            [
                name(info.apiGroup), name(info.apiVersion), name(info.namespace), name(info.resource),
                name(info.subresource), object,
            ])
    }

    /// The same of a request whose head could not be read.
    static func describe(listener: String, _ transport: RequestSeries.Transport) -> [UInt8] {
        describe(listener, transport, method: "", path: "", verb: "", [])
    }

    private static let resourceMembers: [StaticString] = [
        "api_group", "api_version", "namespace", "resource", "subresource", "name",
    ]

    private static func describe(
        _ listener: String, _ transport: RequestSeries.Transport, method: String, path: String, verb: String,
        _ resource: [String]
    ) -> [UInt8] {
        var line = JSONLine()
        line.member("listener", listener)
        line.member("protocol", transport.name)
        line.member("method", method, atMost: longestVerb)
        line.member("path", path, atMost: longestPath)
        line.member("verb", verb, atMost: longestVerb)
        for (index, member) in resourceMembers.enumerated() {
            line.member(member, index < resource.count ? resource[index] : "", atMost: longestName)
        }
        return line.bytes
    }

    private static func text(_ body: (inout ByteWriter) -> Void) -> String {
        String(decoding: ByteWriter.collect(longestName, body), as: UTF8.self)
    }
}

extension ByteView {
    /// The first bytes as text; what is not UTF-8 comes out as U+FFFD.
    fileprivate func text(atMost length: Int) -> String {
        var bytes: [UInt8] = []
        prefix(Swift.min(count, length)).append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
