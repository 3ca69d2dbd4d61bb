// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A page of metrics, read by the Prometheus project's own parser, which also says whether it is valid.
struct Metrics {
    private struct Sample: Decodable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    private let samples: [Sample]

    init(_ text: String) throws {
        let folder = try TemporaryFolder()
        let finished = try ChildProcess.run(
            Harness.python, [Harness.root + "/Tests/Prometheus/samples.py", folder.write("metrics", text)])
        guard finished.succeeded else { throw HarnessError.unexpected("not Prometheus text: \(finished.errors)") }
        samples = try JSONDecoder().decode([Sample].self, from: Data(finished.output.utf8))
    }

    /// The sum over all series that have these labels; nil: there is none.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let found = samples.filter { sample in
            sample.name == "lychgate_" + name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }
        return found.isEmpty ? nil : found.reduce(0) { $0 + $1.value }
    }

    var names: Set<String> { Set(samples.map(\.name)) }

    /// Every counter (and every bucket) is at least what it was.
    func isNotBehind(_ before: Metrics) -> [String] {
        before.samples.compactMap { old in
            guard ["_total", "_bucket", "_count", "_sum"].contains(where: old.name.hasSuffix) else { return nil }
            let new = samples.first { $0.name == old.name && $0.labels == old.labels }
            return (new?.value ?? -1) >= old.value
                ? nil : "\(old.name)\(old.labels): \(old.value) → \(new?.value ?? -1)"
        }
    }
}
