// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite("Which connection carries a new stream, and when another is opened")
struct StreamPlacementPolicyTests {
    private typealias Candidate = StreamPlacementPolicy.Candidate

    private func place(
        _ candidates: [(streams: Int, limit: Int, blocked: Bool)], connecting: Int = 0, waiting: Int = 0,
        mayOpen: Bool = true
    ) -> StreamPlacementPolicy.Decision {
        StreamPlacementPolicy.place(
            candidates: candidates.map { Candidate(streams: $0.streams, limit: $0.limit, isBlocked: $0.blocked) },
            connecting: connecting, expected: 100, waiting: waiting, mayOpen: mayOpen)
    }

    @Test("The first request opens a connection; those that come while it is set up wait for it, up to its room")
    func first() {
        #expect(place([]) == .open)
        #expect(place([], connecting: 1, waiting: 0) == .wait)
        #expect(place([], connecting: 1, waiting: 99) == .wait)
        #expect(place([], connecting: 1, waiting: 100) == .open)
        #expect(place([], connecting: 2, waiting: 100) == .wait)
    }

    @Test("Streams are packed: the fullest connection with room, so that the others become idle")
    func packed() {
        #expect(place([(3, 100, false), (7, 100, false), (0, 100, false)]) == .use(1))
        #expect(place([(100, 100, false), (7, 100, false)]) == .use(1))
        #expect(place([(99, 100, false)]) == .use(0))
        #expect(place([(5, 5, false), (4, 250, false)]) == .use(1))
    }

    @Test("A connection whose server does not take what we send is the last choice, but before a new one")
    func blocked() {
        #expect(place([(50, 100, true), (1, 100, false)]) == .use(1))
        #expect(place([(50, 100, true), (60, 100, true)]) == .use(1))
        #expect(place([(50, 100, true), (100, 100, false)]) == .use(0))
    }

    @Test("When all are full another is opened, up to the pool's bound; beyond it requests wait")
    func full() {
        #expect(place([(100, 100, false), (256, 256, false)]) == .open)
        #expect(place([(100, 100, false)], mayOpen: false) == .wait)
        #expect(place([(100, 100, false)], connecting: 1, waiting: 5) == .wait)
        #expect(place([], mayOpen: false) == .wait)
    }

    @Test("One that takes no streams (GOAWAY, outdated credentials) has no room, whatever it carries")
    func leaving() {
        #expect(place([(3, 0, false)]) == .open)
        #expect(place([(3, 0, false), (0, 100, false)]) == .use(1))
    }
}
