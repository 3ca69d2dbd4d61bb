// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Feeds mutations of kept inputs (Tests/Fuzzing/corpora) to a parser. The same seed gives the same inputs; what a run
/// of `make fuzz` found goes into the corpus as a file, and so is tried by every later run first.
package struct MutationFuzzer {
    /// What a run has come to.
    package struct Outcome: Sendable {
        /// Inputs tried, those of the corpus not counted.
        package let inputs: Int
        package let slowest: Duration
    }

    private let name: String
    private let corpus: [[UInt8]]
    private let seed: UInt64
    private var state: UInt64
    private let seconds: Int?
    /// Where the input goes before it is tried, if it is asked for: after a crash it lies there.
    private let trace: FileHandle?

    /// Whatever is parsed, it takes no longer: generous, since CI's machine may be busy.
    package static let longest = Duration.seconds(10)
    /// What `make test` tries of each kind at most, and for how long; LYCHGATE_FUZZ_SECONDS gives each kind so long.
    private static let briefly = (inputs: 3_000, duration: Duration.seconds(2))

    private static let corpora = Harness.root + "/Tests/Fuzzing/corpora/"

    /// One input of a corpus.
    package static func kept(_ file: String, of name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: corpora + name + "/" + file)))
    }

    package init(_ name: String) throws {
        let environment = ProcessInfo.processInfo.environment
        self.name = name
        corpus = try FileManager.default.contentsOfDirectory(atPath: Self.corpora + name).sorted().map {
            try Self.kept($0, of: name)
        }
        seconds = environment["LYCHGATE_FUZZ_SECONDS"].flatMap(Int.init)
        seed = environment["LYCHGATE_FUZZ_SEED"].flatMap(UInt64.init) ?? (seconds == nil ? 1 : .random(in: 0 ... .max))
        state = seed
        trace = try environment["LYCHGATE_FUZZ_TRACE"].map { folder in
            let path = folder + "/" + name
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            return try FileHandle(forUpdating: URL(filePath: path))
        }
    }

    /// Into an open file, each time in the same place: opening it anew would make the disk the slowest part.
    private func note(_ input: [UInt8]) throws {
        guard let trace else { return }
        try trace.seek(toOffset: 0)
        try trace.write(contentsOf: Data(input))
        try trace.truncate(atOffset: UInt64(input.count))
    }

    @discardableResult
    package mutating func run(_ attempt: ([UInt8]) throws -> Void) throws -> Outcome {
        let start = ContinuousClock.now
        let deadline = start + (seconds.map { .seconds($0) } ?? Self.briefly.duration)
        var slowest = Duration.zero
        var last = start
        for input in corpus { try attempt(input) }
        var count = 0
        while last < deadline, seconds != nil || count < Self.briefly.inputs {
            let input = mutated()
            try note(input)
            try attempt(input)
            count += 1
            let now = ContinuousClock.now
            slowest = max(slowest, now - last)
            last = now
        }
        if seconds != nil {
            var table = FiguresTable(
                "fuzzing \(name)", columns: ["kept", "tried", "slowest, ms", "LYCHGATE_FUZZ_SEED"])
            table.add("\(corpus.count)", "\(count)", slowest.milliseconds.rounded(to: 1), "\(seed)")
            table.print()
        }
        return Outcome(inputs: count, slowest: slowest)
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
        "__dot__", "claims", "user", ".?", "has(", ")", "'", "\r\n", "\u{0}", "Content-Length: 1\r\n", "chunked",
        "system:", "A==", "\n- ", "\n  ", "&a", "*a", "<<: ", "!!binary ", "|\n", "? ", ".all(x, ", ".map(x, ", "b'",
        "r'", "9223372036854775808", "issuer", "certificateAuthority", "expression",
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
