// SPDX-License-Identifier: Apache-2.0

/// Counts in buckets that grow with the value: exact below 8, then eight to each doubling, so within 12.5 % of the
/// truth (the layout of HDR histograms). Values are microseconds here.
package struct Histogram: Equatable, Sendable, Codable {
    /// Up to 2^43 microseconds: a hundred days.
    package static let buckets = 328

    package private(set) var counts: [UInt64]

    /// No values.
    package init() {
        counts = .init(repeating: 0, count: Self.buckets)
    }

    package init(counts: [UInt64]) {
        precondition(counts.count == Self.buckets)
        self.counts = counts
    }

    package init(from decoder: any Decoder) throws {
        let counts = try [UInt64](from: decoder)
        guard counts.count == Self.buckets else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not \(Self.buckets) buckets"))
        }
        self.counts = counts
    }

    package func encode(to encoder: any Encoder) throws { try counts.encode(to: encoder) }

    package static func bucket(of value: UInt64) -> Int {
        if value < 8 { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let index = (exponent - 2) * 8 + Int((value >> UInt64(exponent - 3)) & 7)
        return min(index, buckets - 1)
    }

    /// The largest value that falls into a bucket.
    package static func upperBound(of bucket: Int) -> UInt64 {
        if bucket < 8 { return UInt64(bucket) }
        let exponent = bucket / 8 + 2
        let step = UInt64(1) << UInt64(exponent - 3)
        return (UInt64(1) << UInt64(exponent)) + step * UInt64(bucket % 8 + 1) - 1
    }

    package var count: UInt64 { counts.reduce(0, &+) }

    /// The value that `fraction` of all do not exceed; 0 without any.
    package func quantile(_ fraction: Double) -> UInt64 {
        let total = count
        guard total > 0 else { return 0 }
        // The counts are another process's claim: when huge, the product rounds to more than there are, or than fits.
        let rank = max(1, min(total, UInt64(exactly: (Double(total) * fraction).rounded(.up)) ?? total))
        var seen: UInt64 = 0
        for (bucket, count) in counts.enumerated() {
            seen &+= count
            if seen >= rank { return Self.upperBound(of: bucket) }
        }
        return Self.upperBound(of: Self.buckets - 1)
    }

    /// How many values are certainly at most `value`: a bucket counts once its largest value is.
    package func count(upTo value: UInt64) -> UInt64 {
        var seen: UInt64 = 0
        for (bucket, count) in counts.enumerated() where Self.upperBound(of: bucket) <= value { seen &+= count }
        return seen
    }

    package mutating func merge(_ other: Histogram) {
        for index in 0..<Self.buckets { counts[index] &+= other.counts[index] }
    }
}
