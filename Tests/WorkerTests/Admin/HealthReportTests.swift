// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite struct HealthReportTests {
    private static func facts(
        age: Duration? = .zero, stopping: Bool = false, ready: Int = 1, keys: Bool = true
    ) -> HealthFacts {
        var facts = HealthFacts()
        facts.supervisorAge = age
        facts.isStopping = stopping
        facts.readyWorkers = ready
        facts.hasKeys = keys
        return facts
    }

    @Test(
        arguments: [
            (facts(), [200, 200, 200]), (facts(age: nil), [500, 500, 500]), (facts(age: .seconds(5)), [200, 200, 200]),
            (facts(age: .milliseconds(5_001)), [500, 500, 500]), (facts(ready: 0), [200, 500, 500]),
            (facts(keys: false), [200, 500, 500]), (facts(stopping: true), [200, 500, 200]),
        ] as [(HealthFacts, [Int])])
    func liveReadyHealthy(facts: HealthFacts, statuses: [Int]) {
        for (endpoint, status) in zip(HealthEndpoint.allCases, statuses) {
            let answer = HealthReport(endpoint, facts).answer(to: AdminRequest(path: "/\(endpoint.rawValue)"))
            #expect(answer.status == status, "\(endpoint)")
            if status == 200 { #expect(answer.body == "ok") }
        }
    }

    @Test(
        arguments: [
            (facts(), "verbose", "[+]ping ok\n[+]supervisor ok\nlivez check passed\n"),
            (facts(), "verbose=1&exclude=ping", "[+]ping excluded: ok\n[+]supervisor ok\nlivez check passed\n"),
            (facts(age: nil), "exclude=supervisor", "ok"),
            (
                facts(age: nil), "",
                "[+]ping ok\n[-]supervisor failed: reason withheld\nlivez check failed\n"
            ),
            (
                facts(), "verbose&exclude=b&exclude=a%22",
                "[+]ping ok\n[+]supervisor ok\nwarn: some health checks cannot be excluded: no matches for "
                    + "\"a\\\"\",\"b\"\nlivez check passed\n"
            ),
        ] as [(HealthFacts, String, String)])
    func inKubernetesWords(facts: HealthFacts, query: String, body: String) {
        #expect(HealthReport(.livez, facts).answer(to: AdminRequest(path: "/livez", query: query)).body == body)
    }

    @Test func oneCheckSaysWhy() {
        let report = HealthReport(.readyz, Self.facts(ready: 0))
        #expect(report.answer(about: "ping")?.body == "ok")
        #expect(report.answer(about: "workers")?.status == 500)
        #expect(report.answer(about: "workers")?.body == "internal server error: no gateway worker is ready\n")
        #expect(report.answer(about: "etcd") == nil)
    }
}

@Suite struct AdminPagesTests {
    private let pages = AdminPages(board: PanelBoard(), listeners: ["main"])

    private func answer(_ method: AdminRequest.Method, _ path: String) -> AdminResponse {
        pages.answer(to: AdminRequest(method: method, path: path), now: .zero, wallClock: 0)
    }

    @Test(
        arguments: [
            ("/metrics", 200), ("/livez", 500), ("/livez/ping", 200), ("/livez/", 404), ("/livez/ping/x", 404),
            ("/", 404), ("", 404), ("/metrics/", 404), ("/nothing", 404),
        ])
    func paths(path: String, status: Int) {
        #expect(answer(.get, path).status == status)
    }

    @Test func methods() {
        #expect(answer(.other, "/metrics").status == 405)
        #expect(answer(.other, "/metrics").field == "Allow: GET, HEAD")
        let head = String(decoding: answer(.head, "/livez/ping").bytes(date: 784_111_777), as: UTF8.self)
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.contains("Content-Length: 2\r\n"))
        #expect(head.hasSuffix("\r\n\r\n"))
    }
}
