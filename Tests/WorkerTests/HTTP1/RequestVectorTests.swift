// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

/// Runs gunicorn's request vectors. Many of them leave Host out, which we require, so each is run a second time with one.
@Suite("Request vectors", .enabled(if: RequestVectors.areThere, "the folder of vectors is not there"))
struct RequestVectorTests {
    /// What the suite calls valid and we refuse even with a Host, and for which rule.
    private static let policies: [String: HTTPFault] = [
        // A fragment in the target.
        "005": .invalidTarget, "009": .invalidTarget,
        // Other transfer codings than chunked, and several.
        "025": .invalidTransferEncoding, "025_line": .invalidTransferEncoding, "029": .invalidTransferEncoding,
        "030": .invalidTransferEncoding, "rfc9112_smuggle_gzip_chunked_01": .invalidTransferEncoding,
        "rfc9112_smuggle_te_identity_chunked_01": .invalidTransferEncoding,
        // A trailer that says what the content is (RFC 9110 section 6.5.1).
        "012": .forbiddenTrailer,
        // Bytes beyond ASCII in the target.
        "027": .invalidTarget,
        // A space before the colon.
        "028": .invalidFieldName,
        // Twins of framing fields.
        "040": .underscoredField, "040_compat": .underscoredField,
        // Folded fields.
        "compat_obs_fold": .foldedField, "compat_obs_fold_huge": .foldedField,
        // The PROXY protocol, for which there is a setting in gunicorn.
        "pp_01": .invalidRequestLine, "pp_02": .invalidRequestLine, "pp_04": .emptyStartLine, "pp_05": .emptyStartLine,
        // User information in an absolute-form.
        "rfc9112_target_absolute_userinfo_01": .invalidTarget,
        // CONNECT.
        "rfc9112_target_authority_connect_01": .unsupportedMethod,
        "rfc9112_target_authority_ipv6_01": .unsupportedMethod,
    ]

    /// What the suite refuses because of a setting that it runs with, and we accept once there is a Host.
    private static let settings: Set<String> = [
        // Methods that are tokens, if unusual ones.
        "003c",
        // Limits set very low.
        "006", "007", "008", "009", "010", "011", "012", "017", "limit_header_default_01",
        // Contradicting X-Forwarded-… fields, which we drop.
        "019",
    ]

    @Test("Valid ones", arguments: RequestVectors.load("valid"))
    func valid(_ vector: RequestVectors.Vector) {
        let outcome = RequestStream.read(Self.withHost(vector.bytes))
        #expect(outcome.fault == Self.policies[vector.name], "\(outcome)")
        // The file holds less than its Content-Length says.
        #expect(outcome.isTruncated == (vector.name == "099"))
        let plain = RequestStream.read(vector.bytes)
        #expect(plain.fault == nil || plain.fault == .missingHost || plain.fault == Self.policies[vector.name])
    }

    @Test("Invalid ones", arguments: RequestVectors.load("invalid"))
    func invalid(_ vector: RequestVectors.Vector) {
        let plain = RequestStream.read(vector.bytes)
        #expect(plain.fault != nil || plain.isTruncated || Self.settings.contains(vector.name))
        let outcome = RequestStream.read(Self.withHost(vector.bytes))
        #expect((outcome.fault != nil || outcome.isTruncated) != Self.settings.contains(vector.name), "\(outcome)")
    }

    @Test(
        "Cut anywhere, the outcome is the same",
        arguments: RequestVectors.load("valid") + RequestVectors.load("invalid"))
    func splits(_ vector: RequestVectors.Vector) {
        for bytes in [vector.bytes, Self.withHost(vector.bytes)] {
            let whole = RequestStream.read(bytes)
            let step = max(1, bytes.count / 400)
            for cut in stride(from: 0, through: bytes.count, by: step) {
                #expect(RequestStream.read(bytes, cutAt: [cut]) == whole)
            }
            if bytes.count < 2_000 { #expect(RequestStream.read(bytes, cutAt: Array(0..<bytes.count)) == whole) }
        }
    }

    /// The same with a Host behind each request line that has none.
    private static func withHost(_ bytes: [UInt8]) -> [UInt8] {
        let text = String(decoding: bytes, as: Unicode.ASCII.self)
        guard !text.contains("Host:") || text.contains("PROXY") else { return bytes }
        var out: [UInt8] = []
        var line: [UInt8] = []
        var hasLength = false
        for byte in bytes {
            out.append(byte)
            line.append(byte)
            guard byte == 0x0A else { continue }
            let words = line.split(separator: 0x20)
            // What follows may be a body that only looks like a request.
            if words.first?.elementsEqual("Content-Length:".utf8) == true { hasLength = true }
            if !hasLength, words.count >= 3, words.last?.starts(with: "HTTP/".utf8) == true, line.count >= 2,
                line[line.count - 2] == 0x0D
            {
                out += "Host: example.com\r\n".utf8
            }
            line = []
        }
        return out
    }
}
