// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// The page of metrics beside its documentation, docs/metrics.md, which is what dashboards are made from.
    @Suite(.timeLimit(.minutes(1)))
    struct MetricsTests {
        private struct Family: Equatable {
            var type = ""
            var labels: Set<String> = []
            var meaning = ""
        }

        /// The table's rows: `name`, type, labels in backquotes, meaning.
        private static func documented() throws -> [String: Family] {
            let text = try String(contentsOfFile: Harness.root + "/docs/metrics.md", encoding: .utf8)
            var families: [String: Family] = [:]
            for line in text.split(separator: "\n") where line.hasPrefix("| `lychgate_") {
                let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
                try #require(cells.count == 4, "\(line)")
                families[cells[0].filter { $0 != "`" }] = Family(
                    type: cells[1],
                    labels: Set(cells[2].split(separator: ",").map { $0.filter { $0 != "`" && $0 != " " } }),
                    meaning: cells[3])
            }
            return families
        }

        /// What the page says of its families; labels are those of the samples that there are.
        private static func families(_ page: String) -> [String: Family] {
            var families: [String: Family] = [:]
            for line in page.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 3).map(String.init)
                if words[0] == "#", words.count == 4 {
                    if words[1] == "TYPE" { families[words[2], default: Family()].type = words[3] }
                    if words[1] == "HELP" { families[words[2], default: Family()].meaning = words[3] }
                    continue
                }
                let name = String(line.prefix { $0 != "{" && $0 != " " })
                let suffix = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) && families[name] == nil }
                let family = suffix.map { String(name.dropLast($0.count)) } ?? name
                for label in line.matches(of: /([a-z_]+)="/) where label.1 != "le" {
                    families[family]?.labels.insert(String(label.1))
                }
            }
            return families
        }

        @Test("docs/metrics.md lists every family with its type, labels and meaning, and no other")
        func documentation() throws {
            let documented = try Self.documented()
            let admin = try Endpoint.free()
            try World.run(configure: { $0.admin = admin }) { world in
                #expect(try world.gateway.connect().request("GET", "/api/v1/pods", token: world.token).status == 200)
                try wait("a request among the metrics, and a certificate") {
                    let page = try ChildProcess.run("curl", ["--silent", "http://\(admin)/metrics"]).output
                    return page.contains("lychgate_requests_total{") && page.contains("expiry_timestamp_seconds{")
                }
                let page = try ChildProcess.run("curl", ["--silent", "http://\(admin)/metrics"]).output
                let real = Self.families(page)
                #expect(Set(real.keys) == Set(documented.keys))
                for (name, family) in real { #expect(documented[name] == family, "\(name)") }
                #expect(documented.count > 40)
            }
        }
    }
}
