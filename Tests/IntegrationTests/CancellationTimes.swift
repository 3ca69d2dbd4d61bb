// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// How long the ends of one state's requests took to reach the upstream, in milliseconds.
struct CancellationTimes {
    /// The promise. Every other machine's hiccup must not fail a test, so it is the median that is held to it.
    static let promised = Duration.milliseconds(100)
    /// For each single one.
    static let worst = Duration.seconds(1)

    private(set) var all: [Double] = []

    mutating func add(_ milliseconds: Double) { all.append(milliseconds) }

    var median: Double { all.isEmpty ? 0 : all.sorted()[all.count / 2] }

    func expectPromise(_ what: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(median < Self.promised.milliseconds, "\(what): \(all)", sourceLocation: sourceLocation)
        #expect((all.max() ?? 0) < Self.worst.milliseconds, "\(what): \(all)", sourceLocation: sourceLocation)
    }
}
