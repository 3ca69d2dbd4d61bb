// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// No bytes of a client's are read differently by the upstream: for each case it sees exactly what it should, byte for
    /// byte, and after what was refused nothing.
    @Suite(.timeLimit(.minutes(3)))
    struct SmugglingTests {
        @Test("Our own table of smuggling cases, to an upstream that keeps every byte")
        func table() throws {
            try SmugglingWorld.run { world in
                let cases =
                    SmugglingCase.framing + SmugglingCase.chunks + SmugglingCase.lines + SmugglingCase.fields
                #expect(Set(cases.map(\.bytes)).count == cases.count, "a case is there twice")
                for one in cases { try Self.check(one, in: world) }
                #expect(world.recorder.unreadable == [])
                print("smuggling: \(cases.count) cases")
            }
        }

        private static func check(_ one: SmugglingCase, in world: SmugglingWorld) throws {
            let before = world.recorder.messages.count
            let bytes = Array(fill(String(decoding: one.bytes, as: UTF8.self), world).utf8)
            let expected: [String]
            switch one.expectation {
            case .refused(let status):
                expected = []
                let (client, outcome) = try world.exchange(bytes, answers: 1)
                #expect(outcome.statuses == [status], "\(one.name)")
                let closed = SmugglingWorld.closes(client)
                #expect(closed, "\(one.name): the connection goes on")
                client.wire.close()
            case .relayed(let messages):
                expected = messages.map { fill($0, world) }
                let (client, outcome) = try world.exchange(bytes, answers: messages.count)
                #expect(outcome.statuses == messages.map { _ in 200 }, "\(one.name)")
                // Whatever was left over would stand before this one, or be another answer.
                let last = "GET /last HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer \(world.world.token)\r\n\r\n"
                client.wire.write(last)
                if let answer = try? client.reader.readResponse(by: .after(.seconds(4))) {
                    #expect(answer.status == 200, "\(one.name)")
                }
                client.wire.close()
            }
            let seen = world.recorder.messages.dropFirst(before).map(SmugglingWorld.normalized)
            let own = seen.filter { !$0.hasPrefix("GET /last ") }
            #expect(own == expected, "\(one.name)")
        }

        private static func fill(_ text: String, _ world: SmugglingWorld) -> String {
            text.replacing("{h}", with: "Host: gw\r\n")
                .replacing("{a}", with: "Authorization: Bearer \(world.world.token)\r\n")
                .replacing("{up}", with: "\(world.world.upstream.endpoint)").replacing("{b}", with: world.block)
        }

        @Test(
            "gunicorn's request vectors: valid ones pass but for our stricter rules, invalid ones never",
            .enabled(if: RequestVectors.areThere, "the folder of vectors is not there"))
        func vectors() throws {
            try SmugglingWorld.run { world in
                for vector in RequestVectors.load("valid") {
                    let refused = RequestVectors.policies[vector.name] != nil
                    try Self.check(vector, mayPass: !refused, mustPass: !refused && vector.name != "099", in: world)
                }
                for vector in RequestVectors.load("invalid") {
                    let passes = RequestVectors.settings.contains(vector.name)
                    let isUnfinished = RequestVectors.unfinished.contains(vector.name)
                    try Self.check(
                        vector, mayPass: passes, mustPass: passes, isUnfinished: isUnfinished, in: world)
                }
                #expect(world.recorder.unreadable == [])
            }
        }

        private static func check(
            _ vector: RequestVectors.Vector, mayPass: Bool, mustPass: Bool, isUnfinished: Bool = false,
            in world: SmugglingWorld
        ) throws {
            let before = world.recorder.messages.count
            let client = try world.world.gateway.connect()
            defer { client.wire.close() }
            client.wire.write(
                RequestVectors.completed(vector.bytes, with: "Authorization: Bearer \(world.world.token)\r\n"),
                by: .after(.seconds(5)))
            var statuses: [Int] = []
            let isHead = String(decoding: vector.bytes.prefix(5), as: UTF8.self) == "HEAD "
            // Some hold less than they announce, and wait for the rest: those, and no others, are given little time.
            while let answer = try? client.reader.readResponse(
                to: isHead ? "HEAD" : "GET",
                by: .after(.milliseconds(!statuses.isEmpty ? 60 : isUnfinished ? 400 : 5_000)))
            {
                statuses.append(answer.status)
            }
            let passed = world.recorder.messages.count - before
            #expect(statuses.count(where: { $0 == 200 }) == passed, "\(vector.name): \(statuses)")
            #expect(!statuses.contains(401), "\(vector.name): refused for want of a token, which shows nothing")
            let last = statuses.last ?? 0
            if mustPass {
                #expect(passed > 0 && last == 200, "\(vector.name): \(statuses)")
            } else if !mayPass {
                // A silence is no refusal, but where the message could still go on.
                #expect(isUnfinished ? last == 0 : (400..<506).contains(last), "\(vector.name): \(statuses)")
                if last != 0 {
                    let closed = SmugglingWorld.closes(client)
                    #expect(closed, "\(vector.name): the connection goes on")
                }
            }
        }
    }
}
