// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Shared

@Suite("Histogram")
struct HistogramTests {
    private func histogram(_ values: [UInt64]) -> Histogram {
        var counts = [UInt64](repeating: 0, count: Histogram.buckets)
        for value in values { counts[Histogram.bucket(of: value)] += 1 }
        return Histogram(counts: counts)
    }

    @Test func bucketsJoinWithoutGapOrOverlap() {
        for bucket in 0..<Histogram.buckets {
            let bound = Histogram.upperBound(of: bucket)
            #expect(Histogram.bucket(of: bound) == bucket)
            #expect(Histogram.bucket(of: bound + 1) == min(bucket + 1, Histogram.buckets - 1))
        }
        #expect(Histogram.bucket(of: 0) == 0)
        #expect(Histogram.bucket(of: .max) == Histogram.buckets - 1)
        #expect(Histogram.upperBound(of: Histogram.buckets - 1) == (1 << 43) - 1)
    }

    @Test func boundsAreWithinAnEighthOfTheValue() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let value = random.next() >> UInt64.random(in: 21...63, using: &random)
            let bound = Histogram.upperBound(of: Histogram.bucket(of: value))
            if bound < value || bound - value > value / 8 { Issue.record("\(value) has the bound \(bound)") }
        }
    }

    @Test func quantiles() {
        #expect(histogram([]).quantile(0.5) == 0)
        let small = histogram([1, 2, 3, 4])
        #expect([0, 0.25, 0.26, 0.5, 0.75, 0.99, 1].map { small.quantile($0) } == [1, 1, 2, 2, 3, 4, 4])
        let one = histogram([100])
        #expect(one.quantile(0) == 103 && one.quantile(1) == 103)
        let skewed = histogram([UInt64](repeating: 5, count: 999) + [1_000_000])
        #expect(skewed.quantile(0.999) == 5)
        #expect((1_000_000...1_125_000).contains(skewed.quantile(1)))
    }

    @Test func mergingAdds() {
        var left = histogram([1, 2])
        left.merge(histogram([2, 3]))
        #expect(left == histogram([1, 2, 2, 3]))
        #expect(left.count == 4)
    }

    @Test(arguments: [UInt64.max, UInt64.max / 2, UInt64.max / 328])
    func whatAWorkerClaimsNeverTraps(count: UInt64) {
        let histogram = Histogram(counts: [UInt64](repeating: count, count: Histogram.buckets))
        for fraction in [0, 0.5, 0.99, 1] { _ = histogram.quantile(fraction) }
        var counts = [UInt64](repeating: 0, count: Histogram.buckets)
        counts[3] = count
        #expect(Histogram(counts: counts).quantile(1) == 3)
    }

    @Test func countsUpToABound() {
        var counts = [UInt64](repeating: 0, count: Histogram.buckets)
        for value: UInt64 in [1, 5, 5, 100, 5_000, .max] { counts[Histogram.bucket(of: value)] += 1 }
        let histogram = Histogram(counts: counts)
        #expect(histogram.count(upTo: 0) == 0)
        #expect(histogram.count(upTo: 5) == 3)
        #expect(histogram.count(upTo: 200) == 4)
        #expect(histogram.count(upTo: 10_000) == 5)
        #expect(Histogram().count == 0)
    }
}
