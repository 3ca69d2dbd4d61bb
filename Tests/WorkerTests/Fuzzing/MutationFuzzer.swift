// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing

@testable import Worker

/// Feeds mutations of kept inputs (Tests/Fuzzing/corpora) to a parser. The same seed gives the same inputs; what a run
/// of `make fuzz` found goes into the corpus as a file, and so is tried by every later run first.
struct MutationFuzzer {
    private let corpus: [[UInt8]]
    private var state: UInt64
    private let deadline: ContinuousClock.Instant
    private let atMost: Int
    /// Where the input goes before it is tried, if it is asked for: after a crash it lies there.
    private let trace: String?

    /// `make test` tries some thousands of inputs of each kind; LYCHGATE_FUZZ_SECONDS gives each kind so long.
    init(_ name: String) throws {
        let environment = ProcessInfo.processInfo.environment
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../Fuzzing/corpora/\(name)"
        ).path
        corpus = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            Array(try Data(contentsOf: URL(filePath: folder + "/" + $0)))
        }
        let seconds = environment["LYCHGATE_FUZZ_SECONDS"].flatMap(Int.init)
        state = environment["LYCHGATE_FUZZ_SEED"].flatMap(UInt64.init) ?? (seconds == nil ? 1 : .random(in: 0 ... .max))
        deadline = .now + .seconds(seconds ?? 2)
        atMost = seconds == nil ? 3_000 : .max
        trace = environment["LYCHGATE_FUZZ_TRACE"].map { $0 + "/" + name }
        if seconds != nil { print("fuzzing \(name): LYCHGATE_FUZZ_SEED=\(state)") }
    }

    /// - Returns: how many inputs were tried.
    @discardableResult
    mutating func run(_ attempt: ([UInt8]) throws -> Void) throws -> Int {
        for input in corpus { try attempt(input) }
        var count = 0
        while count < atMost, ContinuousClock.now < deadline {
            let input = mutated()
            if let trace { try Data(input).write(to: URL(filePath: trace)) }
            try attempt(input)
            count += 1
        }
        return count
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    private mutating func below(_ bound: Int) -> Int { bound <= 0 ? 0 : Int(next() % UInt64(bound)) }

    private static let words = [
        "\"", "{", "}", "[", "]", ",", ":", "null", "true", "1e999", "-0", "\\u0000", "\\ud800", "\u{FF}", "..",
        "__dot__",
        "claims", "user", ".?", "has(", ")", "'", "\r\n", "\u{0}", "Content-Length: 1\r\n", "chunked", "system:", "A==",
    ].map { Array($0.utf8) }

    private mutating func mutated() -> [UInt8] {
        var bytes = corpus[below(corpus.count)]
        for _ in 0...below(4) {
            let place = below(bytes.count + 1)
            let end = min(bytes.count, place + below(16))
            switch below(7) {
            case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(below(8))
            case 1 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: next())
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4: bytes.insert(contentsOf: Self.words[below(Self.words.count)], at: place)
            case 5:
                let other = corpus[below(corpus.count)]
                bytes = Array(bytes[..<place]) + other[below(other.count + 1)...]
            default:
                let many = 1 + below(200)
                if place < bytes.count {
                    bytes.insert(contentsOf: [UInt8](repeating: bytes[place], count: many), at: place)
                }
            }
        }
        return bytes
    }
}
