// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Bearer tokens in Authorization, as kube-apiserver finds them")
struct BearerTokenTests {
    @Test(arguments: [
        ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER abc", "abc"), ("Bearer abc def", "abc"),
        ("Bearer  abc", nil), ("Bearer ", nil), ("Bearer", nil), ("Bearerabc", nil), ("Basic abc", nil), ("", nil),
    ])
    func find(value: String, token: String?) {
        let found = ByteView.of(Array(value.utf8)) { view -> String? in
            guard let token = BearerToken.find(view) else { return nil }
            var bytes: [UInt8] = []
            token.append(to: &bytes)
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(found == token)
    }
}
