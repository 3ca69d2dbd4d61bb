// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Worker

/// Runs gunicorn's request vectors. Many of them leave Host out, which we require, so each is run a second time with one.
@Suite("Request vectors", .enabled(if: RequestVectors.areThere, "the folder of vectors is not there"))
struct RequestVectorTests {
    private static func policy(_ vector: RequestVectors.Vector) -> HTTPFault? {
        RequestVectors.policies[vector.name].flatMap { name in
            HTTPFault.allCases.first { $0.reason.description == name }
        }
    }

    @Test("Valid ones", arguments: RequestVectors.load("valid"))
    func valid(_ vector: RequestVectors.Vector) {
        let outcome = RequestStream.read(RequestVectors.completed(vector.bytes))
        #expect(outcome.fault == Self.policy(vector), "\(outcome)")
        // The file holds less than its Content-Length says.
        #expect(outcome.isTruncated == (vector.name == "099"))
        let plain = RequestStream.read(vector.bytes)
        #expect(plain.fault == nil || plain.fault == .missingHost || plain.fault == Self.policy(vector))
    }

    @Test("Invalid ones", arguments: RequestVectors.load("invalid"))
    func invalid(_ vector: RequestVectors.Vector) {
        let plain = RequestStream.read(vector.bytes)
        #expect(plain.fault != nil || plain.isTruncated || RequestVectors.settings.contains(vector.name))
        let outcome = RequestStream.read(RequestVectors.completed(vector.bytes))
        #expect(
            (outcome.fault != nil || outcome.isTruncated) != RequestVectors.settings.contains(vector.name), "\(outcome)"
        )
    }

    @Test(
        "Cut anywhere, the outcome is the same",
        arguments: RequestVectors.load("valid") + RequestVectors.load("invalid"))
    func splits(_ vector: RequestVectors.Vector) {
        for bytes in [vector.bytes, RequestVectors.completed(vector.bytes)] {
            let whole = RequestStream.read(bytes)
            let step = max(1, bytes.count / 400)
            for cut in stride(from: 0, through: bytes.count, by: step) {
                #expect(RequestStream.read(bytes, cutAt: [cut]) == whole)
            }
            if bytes.count < 2_000 { #expect(RequestStream.read(bytes, cutAt: Array(0..<bytes.count)) == whole) }
        }
    }
}
