// SPDX-License-Identifier: Apache-2.0

/// A time zone's offsets from UTC: a file of the time zone database (RFC 9636, TZif), or a fixed offset.
struct TimeZoneRules: Equatable, Sendable {
    /// When, in seconds since 1970, each offset begins, ascending.
    private var transitions: [Int64] = []
    /// The offset, in seconds east of UTC, from each transition on.
    private var offsets: [Int64] = []
    /// The offset before the first transition.
    private let initial: Int64
    /// The rule after the last transition.
    private var rule: PosixZoneRule?

    static let utc = TimeZoneRules(offset: 0)

    init(offset: Int64) {
        initial = offset
    }

    /// As CEL writes zones: a name of the database or an offset such as "-08:00" or "02:00". Nil if there is none such.
    static func named(_ name: String) -> TimeZoneRules? {
        if name == "UTC" || name.isEmpty { return .utc }
        if let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")) {
            let isWest = name.utf8.first == UInt8(ascii: "-")
            let signed = isWest || name.utf8.first == UInt8(ascii: "+")
            let hours = name[..<colon].dropFirst(signed ? 1 : 0)
            let minutes = name[name.utf8.index(after: colon)...]
            guard let hours = count(hours, upTo: 23), let minutes = count(minutes, upTo: 59) else { return nil }
            return TimeZoneRules(offset: (hours * 3_600 + minutes * 60) * (isWest ? -1 : 1))
        }
        return ZoneFile.read(name).flatMap(TimeZoneRules.init(file:))
    }

    private static func count(_ text: Substring, upTo limit: Int64) -> Int64? {
        guard 1...2 ~= text.utf8.count, text.unicodeScalars.allSatisfy(\.isDigit), let value = Int64(text) else {
            return nil
        }
        return value <= limit ? value : nil
    }

    /// The second, 64-bit part of a TZif file of version 2 or later, with its footer. Nil if it is malformed.
    init?(file bytes: [UInt8]) {
        var reader = BigEndianReader(bytes)
        guard let old = TZifHeader(&reader), old.version >= UInt8(ascii: "2") else { return nil }
        reader.skip(old.bodySize(timeSize: 4))
        guard let header = TZifHeader(&reader), header.types > 0 else { return nil }
        for _ in 0..<header.transitions {
            guard let time = reader.int64(), time > transitions.last ?? .min else { return nil }
            transitions.append(time)
        }
        var types: [Int] = []
        for _ in 0..<header.transitions {
            guard let type = reader.byte(), Int(type) < header.types else { return nil }
            types.append(Int(type))
        }
        var typeOffsets: [Int64] = []
        for _ in 0..<header.types {
            guard let offset = reader.int32(), abs(offset) < 86_400 * 2 else { return nil }
            typeOffsets.append(offset)
            reader.skip(2)
        }
        offsets = types.map { typeOffsets[$0] }
        initial = typeOffsets[0]
        reader.skip(header.abbreviations + header.leapSeconds * 12 + header.standardMarks + header.universalMarks)
        guard reader.byte() == UInt8(ascii: "\n"), let footer = reader.text(until: UInt8(ascii: "\n")) else {
            return nil
        }
        if !footer.isEmpty {
            guard let rule = PosixZoneRule(footer) else { return nil }
            self.rule = rule
        }
    }

    /// Seconds east of UTC at a moment.
    func offset(at seconds: Int64) -> Int64 {
        guard let last = transitions.last, seconds < last || rule == nil else {
            return rule?.offset(at: seconds) ?? initial
        }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? initial : offsets[low - 1]
    }
}

/// The counts at the head of either part of a TZif file.
private struct TZifHeader {
    let version: UInt8
    let universalMarks: Int
    let standardMarks: Int
    let leapSeconds: Int
    let transitions: Int
    let types: Int
    let abbreviations: Int

    init?(_ reader: inout BigEndianReader) {
        for byte in "TZif".utf8 {
            guard reader.byte() == byte else { return nil }
        }
        guard let version = reader.byte() else { return nil }
        self.version = version
        reader.skip(15)
        var counts: [Int] = []
        for _ in 0..<6 {
            // A real file has a few hundred of each at most.
            guard let count = reader.int32(), 0...10_000 ~= count else { return nil }
            counts.append(Int(count))
        }
        universalMarks = counts[0]
        standardMarks = counts[1]
        leapSeconds = counts[2]
        transitions = counts[3]
        types = counts[4]
        abbreviations = counts[5]
    }

    func bodySize(timeSize: Int) -> Int {
        transitions * (timeSize + 1) + types * 6 + abbreviations + leapSeconds * (timeSize + 4) + standardMarks
            + universalMarks
    }
}

/// Reads numbers out of bytes, never beyond their end.
private struct BigEndianReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    mutating func skip(_ count: Int) {
        rest = rest.dropFirst(count)
    }

    mutating func byte() -> UInt8? {
        rest.popFirst()
    }

    mutating func int32() -> Int64? {
        number(4).map { Int64(Int32(truncatingIfNeeded: $0)) }
    }

    mutating func int64() -> Int64? {
        number(8).map { Int64(bitPattern: $0) }
    }

    private mutating func number(_ size: Int) -> UInt64? {
        guard rest.count >= size else { return nil }
        let value = rest.prefix(size).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest = rest.dropFirst(size)
        return value
    }

    mutating func text(until end: UInt8) -> String? {
        guard let place = rest.firstIndex(of: end) else { return nil }
        let text = String(decoding: rest[..<place], as: UTF8.self)
        rest = rest[place...].dropFirst()
        return text
    }
}
