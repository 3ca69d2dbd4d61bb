// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("When freed memory is given back")
struct MemoryTrimPolicyTests {
    @Test("Once, when a wave has gone")
    func wave() {
        var policy = MemoryTrimPolicy()
        #expect(!policy.shouldTrim(connections: 10))
        #expect(!policy.shouldTrim(connections: 2_000))
        #expect(!policy.shouldTrim(connections: 1_500))
        #expect(policy.shouldTrim(connections: 900))
        #expect(!policy.shouldTrim(connections: 899))
        #expect(policy.shouldTrim(connections: 0))
        #expect(!policy.shouldTrim(connections: 0))
    }

    @Test("Not for small waves")
    func small() {
        var policy = MemoryTrimPolicy()
        #expect(!policy.shouldTrim(connections: MemoryTrimPolicy.smallest - 1))
        #expect(!policy.shouldTrim(connections: 0))
    }
}
