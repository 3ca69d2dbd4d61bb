// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite struct CacheControlTests {
    @Test(
        arguments: [
            ([], nil), (["public"], nil), (["max-age=60"], .seconds(60)), (["public, Max-Age = 60 , x"], .seconds(60)),
            (["max-age=\"60\""], .seconds(60)), (["max-age=600", "max-age=5"], .seconds(5)), (["no-store"], .zero),
            (["no-cache, max-age=60"], .zero), (["max-age=-1"], nil), (["max-age=x"], nil), (["max-age"], nil),
            (["max-age=99999999999999999999"], .seconds(31_536_000)), (["s-maxage=5"], nil),
        ] as [([String], Duration?)])
    func fields(_ fields: [String], _ expected: Duration?) {
        #expect(CacheControl.maxAge(fields) == expected)
    }
}
