// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared
import Testing

@testable import Worker

@Suite("Request log")
struct RequestLogTests {
    /// The interface: fields are added here, never renamed or left out.
    static let fields: Set<String> = [
        "ts", "msg", "worker", "id", "audit_id", "client", "listener", "protocol", "method", "path", "verb",
        "api_group",
        "api_version", "namespace", "resource", "subresource", "name", "user", "impersonated", "status", "end",
        "bytes_in", "bytes_out", "duration_us", "long_running", "retried",
    ]

    private let peer = SocketAddress(family: .ipv4, port: 5, high: 0, low: 0x7f00_0001)

    private func log(isOn: Bool = true) throws -> RequestLog {
        RequestLog(isOn: isOn, worker: "3.14", kernel: try LinuxKernel())
    }

    private func about(_ line: String, listener: String = "main") throws -> [UInt8] {
        let request = Array("\(line) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        guard case .complete(let head) = CodecHarness.request(request) else { throw CancellationError() }
        return CodecHarness.view(request) {
            RequestLog.describe(head, RequestInfo(head, in: $0), in: $0, listener: listener, .http2)
        }
    }

    private func read(_ log: RequestLog) throws -> [String: Any] {
        let text = String(decoding: log.line.bytes, as: UTF8.self)
        #expect(text.last == "\n" && text.count { $0 == "\n" } == 1)
        return try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func aLineHasWhatTheAPIServerWouldCallTheRequest() throws {
        let log = try log()
        var entry = RequestLog.Entry(
            client: peer,
            about: try about("GET /apis/apps/v1/namespaces/a%20b/deployments/web/status?watch=1&token=secret"))
        entry.id = 15
        entry.auditID = AuditID(random: 1, 2)
        entry.user = "al\"ice\n"
        entry.status = 200
        entry.reason = "completed"
        entry.nanoseconds = 1_999
        log.record(entry)
        let line = try read(log)
        #expect(Set(line.keys) == Self.fields)
        for (name, value) in [
            "worker": "3.14", "listener": "main", "protocol": "h2", "method": "GET", "verb": "get", "api_group": "apps",
            "api_version": "v1", "namespace": "a b", "resource": "deployments", "subresource": "status", "name": "web",
            "path": "/apis/apps/v1/namespaces/a%20b/deployments/web/status", "user": "al\"ice\n", "impersonated": "",
            "client": "127.0.0.1:5", "end": "completed",
        ] {
            #expect(line[name] as? String == value, "\(name)")
        }
        #expect(line["id"] as? Int == 15 && line["status"] as? Int == 200 && line["duration_us"] as? Int == 1)
        let time = try #require(line["ts"] as? String)
        let date = try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(time)
        #expect(abs(date.timeIntervalSinceNow) < 60, "\(time)")
        #expect(!String(decoding: log.line.bytes, as: UTF8.self).contains("secret"))
    }

    @Test func aRequestForNoResourceHasItsMethodAsItsVerb() throws {
        let log = try log()
        log.record(RequestLog.Entry(client: peer, about: try about("POST /version")))
        let line = try read(log)
        #expect(Set(line.keys) == Self.fields)
        #expect(line["verb"] as? String == "post" && line["resource"] as? String == "")
    }

    @Test func theNameMayComeFromAFieldSelector() throws {
        let log = try log()
        log.record(
            RequestLog.Entry(
                client: peer, about: try about("GET /api/v1/pods?watch=true&fieldSelector=metadata.name%3Dweb")))
        let line = try read(log)
        #expect(line["verb"] as? String == "watch" && line["name"] as? String == "web")
    }

    @Test func aRequestWithoutAReadableHeadHasTheSameFields() throws {
        let log = try log()
        var entry = RequestLog.Entry(client: peer, about: RequestLog.describe(listener: "main", .http1))
        entry.status = 431
        entry.reason = "invalid_head_head-too-large"
        log.record(entry)
        let line = try read(log)
        #expect(Set(line.keys) == Self.fields)
        #expect(line["verb"] as? String == "" && line["protocol"] as? String == "http/1.1")
    }

    /// Beyond PIPE_BUF lines of several workers would mix.
    @Test func noLineIsLongerThanAPipeTakesInOnePiece() throws {
        let log = try log()
        let long = String(repeating: "%22%5c", count: 190)
        var entry = RequestLog.Entry(
            client: SocketAddress(family: .ipv6, port: 65_535, high: .max, low: .max),
            about: try about(
                "\(String(repeating: "M", count: 32)) /apis/\(long)/\(long)/namespaces/\(long)/\(long)/\(long)/\(long)",
                listener: String(repeating: "\u{1}", count: 500)))
        entry.id = .max
        entry.user = String(repeating: "\u{1}", count: 5_000)
        entry.impersonated = String(repeating: "é", count: 5_000)
        entry.reason = EndReason.upstreamInvalid(.tooManyInterimResponses).name
        entry.bytesFromClient = .max
        entry.bytesToClient = .max
        entry.nanoseconds = .max
        log.record(entry)
        #expect(try Set(read(log).keys) == Self.fields)
        #expect(log.line.bytes.count <= StandardStream.piece)
    }

    @Test func theLongestRightfulNamesAreWhole() throws {
        let name = String(repeating: "n", count: 253)
        let log = try log()
        log.record(RequestLog.Entry(client: peer, about: try about("GET /api/v1/namespaces/x/pods/\(name)")))
        #expect(try read(log)["name"] as? String == name)
    }

    @Test func whatIsTooMuchForOneTurnIsWrittenInBetween() throws {
        var written: [UInt8] = []
        let log = RequestLog(isOn: true, worker: "0.1", kernel: try LinuxKernel()) { written += $0 }
        let entry = RequestLog.Entry(client: peer, about: try about("GET /"))
        for _ in 0..<1_000 {
            log.record(entry)
            #expect(log.line.bytes.count < 65_536)
        }
        log.flush()
        #expect(written.count { $0 == UInt8(ascii: "\n") } == 1_000 && log.line.bytes.isEmpty)
        let silent = RequestLog(isOn: false, worker: "0.1", kernel: try LinuxKernel()) { _ in Issue.record() }
        silent.record(entry)
        silent.flush()
    }
}
