// SPDX-License-Identifier: Apache-2.0

/// "Did you mean": the known word nearest to a mistyped one.
enum Spelling {
    /// The candidate at the least edit distance, upper and lower case being alike; nil when none is near enough to be
    /// meant (more than a third of the word, or more than 3 edits away).
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let bound = max(1, min(3, word.count / 3))
        let scored = candidates.map { (word: $0, distance: Self.distance(word.lowercased(), $0.lowercased())) }
        guard let best = scored.min(by: { $0.distance < $1.distance }), best.distance <= bound else { return nil }
        return best.word
    }

    /// Levenshtein's distance with transpositions of neighbours counted as one edit (optimal string alignment).
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.prefix(64))
        let right = Array(right.prefix(64))
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 1...left.count {
            var current = [row]
            for column in 1...right.count {
                let substitution = last[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1)
                var best = min(substitution, last[column] + 1, current[column - 1] + 1)
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    best = min(best, beforeLast[column - 2] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
