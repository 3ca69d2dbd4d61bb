// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("The room for a head's fields")
struct FieldRoomTests {
    @Test("It holds a client's request, any response, and our own answer with all of a user's groups")
    func room() {
        #expect(Plane.fieldRoom(LimitsConfiguration(fields: 1_000, groups: 3, extras: 2)) == 1_000)
        // What clients may send does not bound what the API server may.
        #expect(Plane.fieldRoom(LimitsConfiguration(fields: 16, groups: 3, extras: 2)) == 128)
        #expect(Plane.fieldRoom(LimitsConfiguration(fields: 16, groups: 512, extras: 64)) >= 512 + 64 + 8)
    }
}
