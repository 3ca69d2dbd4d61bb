// SPDX-License-Identifier: Apache-2.0

import CEL
import Shared
import TestSupport
import Testing

@testable import Worker

/// What strangers write: whatever it is, it is taken in or refused, and what is taken in keeps its promises.
@Suite("Fuzzing")
struct FuzzTests {
    private let issuer = TestIssuer()

    /// No token but the one that was signed is anybody's.
    @Test func tokens() throws {
        let key = issuer.makeKey("a")
        let keys = TestIssuer.document([key])
        let judge = TokenJudge(
            policy: AuthenticationPolicy(TestIssuer.configuration()), limits: IdentityLimits())
        let signed = issuer.sign(TestIssuer.claims(), key)
        let parts = String(decoding: signed, as: UTF8.self).split(separator: ".").map(String.init)
        var fuzzer = try MutationFuzzer("jwt")
        let outcome = try fuzzer.run { input in
            let part = Base64URL.encode(input)
            for token in [
                input, Array("\(part).\(parts[1]).\(parts[2])".utf8), Array("\(parts[0]).\(part).\(parts[2])".utf8),
                signed + input,
            ] where token != signed {
                guard case .user = judge.judge(token.span, keys: keys, now: 1) else { continue }
                Issue.record("accepted: \(String(decoding: token, as: UTF8.self))")
            }
        }
        #expect(outcome.inputs > 0 && outcome.slowest < MutationFuzzer.longest)
    }

    /// What the keyring publishes, every worker can read.
    @Test func keySets() throws {
        var fuzzer = try MutationFuzzer("jwks")
        let outcome = try fuzzer.run { input in
            guard let published = try? PublishedKeys(input) else { return }
            let document =
                #"{"generation":1,"issuers":[{"issuer":"i","fetchedAt":1,"keys":{"keys":[\#(published.keys.joined(separator: ","))]}}]}"#
            #expect(throws: Never.self) { try KeySet(document: Array(document.utf8)) }
        }
        #expect(outcome.inputs > 0 && outcome.slowest < MutationFuzzer.longest)
    }

    /// A configuration is whole or has problems; one with problems lets nobody in.
    @Test func configurations() throws {
        var fuzzer = try MutationFuzzer("authentication")
        let outcome = try fuzzer.run { input in
            let file = AuthenticationConfiguration.KubernetesFile(
                path: "f", document: String(decoding: input, as: UTF8.self))
            let policy = AuthenticationPolicy(AuthenticationConfiguration(oidc: nil, file: file))
            if !policy.problems.isEmpty { #expect(policy.issuers.isEmpty && !policy.anonymous.enabled) }
        }
        #expect(outcome.inputs > 0 && outcome.slowest < MutationFuzzer.longest)
    }

    /// An expression is refused, or evaluated within its cost.
    @Test func expressions() throws {
        let claims = try #require(
            JSONValue.parse(Array(#"{"groups":["a","b"],"email":"e","n":{"x":1,"y":[2]},"a.b":{"c/d":1.5}}"#.utf8))
                .object)
        var fuzzer = try MutationFuzzer("cel")
        let outcome = try fuzzer.run { input in
            guard
                let expression = try? ClaimExpression(
                    String(decoding: input, as: UTF8.self), over: .claims, yields: .anything, at: "")
            else { return }
            _ = try? expression.evaluate(.claims, ClaimValue.claims(claims), for: "fuzzing")
        }
        #expect(outcome.inputs > 0 && outcome.slowest < MutationFuzzer.longest)
    }

    /// A head that is accepted lies within what came.
    @Test func requestHeads() throws {
        let fields = FieldTable(capacity: 64)
        var fuzzer = try MutationFuzzer("http1")
        let outcome = try fuzzer.run { input in
            ByteView.of(input) { bytes in
                var scan = HeadScan()
                guard
                    case .complete(let head) = RequestHeadParser.parse(
                        bytes, scan: &scan, into: fields, limits: HeadLimits())
                else { return }
                #expect(head.headLength <= input.count && Int(head.path.upperBound) <= head.headLength)
            }
        }
        #expect(outcome.inputs > 0 && outcome.slowest < MutationFuzzer.longest)
    }

    /// Values that repeat may come to nghttp2 uncoded, and it makes the same of them.
    private static func readBothWays(_ bytes: [UInt8], _ pool: BufferPool) {
        let plain = FrameReader(pool: pool)
        let remembering = FrameReader(pool: pool, literals: LiteralMemo())
        plain.read(bytes)
        remembering.read(bytes)
        #expect(plain.told == remembering.told)
    }

    /// What HTTP/2's frames become is one request's head for each header block, or refused.
    @Test func frames() throws {
        var fuzzer = try MutationFuzzer("http2")
        let pool = BufferPool(limit: 4 << 20)
        let outcome = try fuzzer.run { input in
            // As frames of the fuzzer's own, and as header blocks of which the second finds the first one's entries.
            Self.readBothWays(FrameReader.preface + input, pool)
            let block = Array(input.prefix(16_384))
            // Three times, since what repeats is first remembered, then looked into, then known.
            let frames = [1, 3, 5].flatMap { HTTP2Client.frame(.headers, flags: 5, stream: $0, payload: block) }
            Self.readBothWays(FrameReader.preface + HTTP2Client.frame(.settings) + frames, pool)
            #expect(pool.leased == 0)
        }
        #expect(outcome.inputs > 0 && outcome.slowest < MutationFuzzer.longest)
    }

    /// The kept inputs are what they are called: else mutations of them would try nothing.
    @Test func keptFramesAreRequests() throws {
        let pool = BufferPool(limit: 4 << 20)
        for name in ["get", "post-with-trailers", "continuation", "dynamic-table"] {
            let reader = FrameReader(pool: pool)
            reader.read(FrameReader.preface + (try MutationFuzzer.kept(name, of: "http2")))
            #expect(reader.accepted > 0, "\(name)")
        }
    }
}
