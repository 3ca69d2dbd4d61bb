// SPDX-License-Identifier: Apache-2.0

/// Strings as CEL has them: sequences of code points, equal only if these are. Swift's own comparisons and searches go
/// by canonical equivalence and by grapheme clusters, and so must not be used on CEL's strings.
enum Text {
    static func equal(_ a: String, _ b: String) -> Bool {
        a.utf8.elementsEqual(b.utf8)
    }

    /// Order of UTF-8, which is the order of code points.
    static func precedes(_ a: String, _ b: String) -> Bool {
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }

    static func size(_ text: String) -> Int { text.unicodeScalars.count }

    static func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }

    static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// The index of the first occurrence of `part` at or after `start`, by Knuth, Morris and Pratt: linear whatever the
    /// input. An empty part is found at once.
    static func firstIndex<Element: Equatable>(
        of part: some RandomAccessCollection<Element>, in whole: [Element], from start: Int = 0
    ) -> Int? {
        let part = Array(part)
        guard !part.isEmpty else { return start <= whole.count ? start : nil }
        guard start >= 0, start <= whole.count, part.count <= whole.count - start else { return nil }
        let borders = borders(of: part)
        var matched = 0
        for index in start..<whole.count {
            while matched > 0 && whole[index] != part[matched] { matched = borders[matched - 1] }
            if whole[index] == part[matched] { matched += 1 }
            if matched == part.count { return index + 1 - matched }
        }
        return nil
    }

    /// The index of the last occurrence that begins at or before `start`.
    static func lastIndex<Element: Equatable>(of part: [Element], in whole: [Element], from start: Int) -> Int? {
        guard part.count <= whole.count else { return nil }
        let bound = min(start, whole.count - part.count)
        guard bound >= 0 else { return nil }
        let reversedWhole = Array(whole[..<(bound + part.count)].reversed())
        guard let found = firstIndex(of: Array(part.reversed()), in: reversedWhole) else { return nil }
        return bound - found
    }

    /// For each prefix, the length of its longest proper prefix that is also its suffix.
    private static func borders<Element: Equatable>(of part: [Element]) -> [Int] {
        var result = [Int](repeating: 0, count: part.count)
        var matched = 0
        for index in part.indices.dropFirst() {
            while matched > 0 && part[index] != part[matched] { matched = result[matched - 1] }
            if part[index] == part[matched] { matched += 1 }
            result[index] = matched
        }
        return result
    }
}
