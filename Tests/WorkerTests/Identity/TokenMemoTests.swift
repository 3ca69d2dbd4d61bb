// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("The digest of a connection's last token")
struct TokenMemoTests {
    @Test("Whatever came before, it is the token's own")
    func digests() {
        let memo = TokenMemo()
        let long = [UInt8](repeating: 0x61, count: 1_003)
        var variants: [[UInt8]] = [long, long + [0x62], Array(long.dropLast()), [0x61], []]
        for place in [0, 7, 8, 999, 1_000, 1_001, 1_002] {
            var other = long
            other[place] ^= 1
            variants.append(other)
        }
        for first in variants {
            for second in variants {
                for token in [first, second, second, first] {
                    let (remembered, fresh) = (memo.digest(of: token.span), TokenDigester.digest(token.span))
                    #expect(remembered == fresh)
                }
            }
        }
    }

    @Test("Two tokens are the same only if each byte is", arguments: [0, 1, 7, 8, 9, 64, 65])
    func equality(length: Int) {
        let token = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let longer = token + [0]
        var verdicts = [
            TokenDigester.areEqual(token.span, token.span), TokenDigester.areEqual(token.span, longer.span),
        ]
        for place in 0..<length {
            var other = token
            other[place] ^= 0x80
            verdicts.append(TokenDigester.areEqual(token.span, other.span))
        }
        #expect(verdicts == [true] + [Bool](repeating: false, count: length + 1))
    }
}
