// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite struct TokenReviewBodyTests {
    private func review(
        _ spec: String, version: String = "v1", rest: String = ""
    ) throws(ReceivedTokenReview.Problem) -> ReceivedTokenReview {
        try ReceivedTokenReview(
            Array(
                #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/\#(version)","spec":\#(spec)\#(rest)}"#.utf8
            ))
    }

    @Test("What is read")
    func accepted() throws {
        let plain = try review(#"{"token":"a.b.c"}"#)
        #expect(plain.token == Array("a.b.c".utf8) && plain.audiences == [])
        #expect(plain.apiVersion == "authentication.k8s.io/v1")
        let full = try review(
            #"{"token":"t","audiences":["a","b"]}"#, version: "v1beta1",
            rest: #","metadata":{"creationTimestamp":null},"status":{"user":{}}"#)
        #expect(full.audiences == ["a", "b"] && full.apiVersion == "authentication.k8s.io/v1beta1")
        #expect(try review(#"{"token":"t","audiences":null}"#).audiences == [])
    }

    @Test("What is refused, and why")
    func refused() {
        #expect(throws: ReceivedTokenReview.Problem.noToken) { try review(#"{"token":""}"#) }
        #expect(throws: ReceivedTokenReview.Problem.member("spec.token")) { try review("{}") }
        #expect(throws: ReceivedTokenReview.Problem.member("spec.token")) { try review(#"{"token":null}"#) }
        #expect(throws: ReceivedTokenReview.Problem.member("spec")) { try review("[]") }
        #expect(throws: ReceivedTokenReview.Problem.member("spec")) { try review(#"{"token":"t","Audiences":[]}"#) }
        #expect(throws: ReceivedTokenReview.Problem.member("spec.audiences")) {
            try review(#"{"token":"t","audiences":[null]}"#)
        }
        #expect(throws: ReceivedTokenReview.Problem.member("members")) {
            try review(#"{"token":"t"}"#, rest: #","extra":1"#)
        }
        #expect(throws: ReceivedTokenReview.Problem.version) { try review(#"{"token":"t"}"#, version: "v1alpha1") }
        #expect(throws: ReceivedTokenReview.Problem.json) { try review(#"{"token":"t","token":"t"}"#) }
        #expect(throws: ReceivedTokenReview.Problem.json) { try ReceivedTokenReview([]) }
    }

    @Test("The answers, with what needs quoting")
    func answers() throws {
        let user = UserInfo(
            username: "a\"b\\", uid: "7", groups: ["g"], extra: ["k/é": ["v1", "v2"], "a": [""]])
        let asked = try review(#"{"token":"opaque","audiences":["x","y"]}"#)
        let text = { (bytes: [UInt8]) in String(decoding: bytes, as: UTF8.self) }
        #expect(
            text(asked.verdict(on: user, audiences: ["y", "z"]))
                == #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{},"spec":{},"#
                + #""status":{"authenticated":true,"user":{"username":"a\"b\\","uid":"7","groups":["g"],"#
                + #""extra":{"a":[""],"k/é":["v1","v2"]}},"audiences":["y"]}}"#)
        #expect(text(asked.verdict(on: user, audiences: [])).contains(#""authenticated":false,"error":"#))
        #expect(text(try review(#"{"token":"t"}"#).verdict(on: user, audiences: ["y"])).hasSuffix(#"["v1","v2"]}}}}"#))
    }

    @Test("The audiences that a token names itself")
    func audiences() {
        let token = { (claims: String) in
            TokenAudiences.find(
                in: Array("e30.".utf8) + Array(Self.base64URL(Array(claims.utf8)).utf8) + Array(".c2ln".utf8))
        }
        #expect(token(#"{"aud":"one"}"#) == ["one"])
        #expect(token(#"{"aud":["one","two"]}"#) == ["one", "two"])
        #expect(token("{}") == [])
        #expect(TokenAudiences.find(in: Array("opaque".utf8)) == [])
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let piece = Array(bytes[start..<min(start + 3, bytes.count)])
            let word = piece.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - piece.count))
            for index in 0...piece.count { text.append(alphabet[word >> (18 - 6 * index) & 63]) }
        }
        return text
    }
}
