// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite struct AuditIDTests {
    private func text(_ identifier: AuditID) -> String { String(decoding: identifier.bytes, as: UTF8.self) }

    @Test("A UUID of version 4, whatever the random bits")
    func uuid() {
        #expect(text(AuditID(random: 0, 0)) == "00000000-0000-4000-8000-000000000000")
        #expect(text(AuditID(random: .max, .max)) == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(
            text(AuditID(random: 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210))
                == "01234567-89ab-4def-bedc-ba9876543210")
    }

    @Test("No two are the same, and seeds matter")
    func different() {
        var first = AuditIDs(seed: 1)
        var second = AuditIDs(seed: 2)
        var seen: Set<String> = []
        for _ in 0..<10_000 {
            seen.insert(text(first.next()))
            seen.insert(text(second.next()))
        }
        #expect(seen.count == 20_000)
    }

    @Test("A client's own is kept as it is, or not at all")
    func given() {
        for value in ["a", "A-9", "0f0f", String(repeating: "x", count: 64)] {
            let kept = ByteView.of(Array(value.utf8)) { AuditID($0).map(text) }
            #expect(kept == value)
        }
        for value in ["", "a b", "a\"", "a\t", "ä", "a/b", "a_b", "a.b", String(repeating: "x", count: 65)] {
            let kept = ByteView.of(Array(value.utf8)) { AuditID($0) }
            #expect(kept == nil, "\(value)")
        }
    }
}
