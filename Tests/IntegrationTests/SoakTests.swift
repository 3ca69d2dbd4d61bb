// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// A short form of `make soak`, whose program judges for itself: requests in flight, upstream connections, descriptors
    /// and memory must be back where they were.
    @Suite(.timeLimit(.minutes(10)))
    struct SoakTests {
        private struct Report: Decodable {
            let abandoned: Int
            let abandonedByWay: [String: Int]
            let abandonedByState: [String: Int]
            let orphansAfter: Int
            let failures: [String]
        }

        @Test("3,000 requests abandoned in every way and state leave nothing behind")
        func short() throws {
            let finished = try ChildProcess.run(
                "lychgate-soak", ["run", "requests=3000"], environment: ["LYCHGATE_BIN": Harness.binaries],
                within: .seconds(500))
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let report = try decoder.decode(Report.self, from: Data(finished.output.utf8))
            #expect(report.failures == [], "\(finished.errors)")
            #expect(finished.succeeded)
            #expect(report.abandoned >= 3_000)
            #expect(Set(report.abandonedByWay.keys) == ["fin", "reset", "tlsClose", "streamReset", "killed"])
            // Which state a request is in when a busy machine lets its client leave is chance; that most states occur is not.
            #expect(report.abandonedByState.count >= 9)
            #expect(report.orphansAfter == 0)
        }
    }
}
