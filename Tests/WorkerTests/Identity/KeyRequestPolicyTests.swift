// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite struct KeyRequestPolicyTests {
    private let start = Instant.zero + .seconds(100)

    @Test func onceUntilKeysComeAndEachIssuerByItself() {
        var policy = KeyRequestPolicy()
        let steps: [(issuer: Int, milliseconds: Int64, expected: Bool)] = [
            (0, 0, true), (0, 999, false), (1, 999, true),
            // Without an answer it is asked for again.
            (0, 1_000, true), (0, 1_001, false),
        ]
        for (issuer, milliseconds, expected) in steps {
            let isAsked = policy.wanted(issuer, now: start + .milliseconds(milliseconds))
            #expect(isAsked == expected, "\(issuer) at \(milliseconds)")
        }
        policy.answered()
        for (issuer, expected) in [(0, true), (1, true), (1, false)] {
            let isAsked = policy.wanted(issuer, now: start + .milliseconds(1_002))
            #expect(isAsked == expected, "\(issuer)")
        }
    }
}
