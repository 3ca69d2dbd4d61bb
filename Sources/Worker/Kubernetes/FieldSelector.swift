// SPDX-License-Identifier: Apache-2.0

/// A field selector, as far as it says what `metadata.name` is (`k8s.io/apimachinery/pkg/fields`, `ParseSelector` and
/// `RequiresExactMatch`).
///
/// Terms stand between commas and have an operator, `=`, `==` or `!=`; `\` escapes a comma, an equals sign and itself. Where
/// several terms say what the name is, the API server takes the one that sorts first; we do so too.
struct FieldSelector {
    /// The value, still encoded and escaped; nil if the selector does not say or says something that cannot be a name.
    private(set) var name: ByteRange?

    /// Nil if the selector is invalid.
    init?(_ value: ByteRange, in bytes: ByteView) {
        var best: (term: ByteRange, name: ByteRange)?
        var reader = PathText(value, in: bytes, plusIsBlank: true)
        var start = reader.offset
        while true {
            let position = reader.offset
            let byte = reader.next()
            if byte == UInt8(ascii: "\\") {
                guard reader.next() != nil else { return nil }
                continue
            }
            guard byte == nil || byte == UInt8(ascii: ",") else { continue }
            let term = ByteRange(from: start, to: position)
            start = reader.offset
            if !term.isEmpty {
                switch Self.read(term, in: bytes) {
                case .invalid:
                    return nil
                case .other:
                    break
                case .name(let found):
                    if let known = best, !Self.precedes(term, known.term, in: bytes) { break }
                    best = (term, found)
                }
            }
            if byte == nil { break }
        }
        guard let found = best?.name, Self.isSegmentName(found, in: bytes) else { return }
        name = found
    }

    private enum Term {
        case invalid
        case other
        /// It requires `metadata.name` to be what stands there.
        case name(ByteRange)
    }

    /// Reads `field operator value`.
    private static func read(_ term: ByteRange, in bytes: ByteView) -> Term {
        var reader = PathText(term, in: bytes, plusIsBlank: true)
        let expected = ByteView("metadata.name")
        var length = 0
        var isName = true
        while let byte = reader.next() {
            var ahead = reader
            let follows = ahead.next() == UInt8(ascii: "=")
            if byte == UInt8(ascii: "=") || (byte == UInt8(ascii: "!") && follows) {
                let value = ByteRange(from: follows ? ahead.offset : reader.offset, to: term.upperBound)
                guard isEscapedRight(value, in: bytes) else { return .invalid }
                return isName && length == expected.count && byte == UInt8(ascii: "=") ? .name(value) : .other
            }
            if length < expected.count, byte == expected[length] { length &+= 1 } else { isName = false }
        }
        return .invalid
    }

    /// `fields.UnescapeValue`: an escape is of `\`, `,` or `=`, and these two do not occur unescaped.
    private static func isEscapedRight(_ value: ByteRange, in bytes: ByteView) -> Bool {
        var reader = PathText(value, in: bytes, plusIsBlank: true)
        while let byte = reader.next() {
            if byte == UInt8(ascii: "\\") {
                guard let escaped = reader.next() else { return false }
                guard escaped == UInt8(ascii: "\\") || escaped == UInt8(ascii: ",") || escaped == UInt8(ascii: "=")
                else { return false }
            } else if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "=") {
                return false
            }
        }
        return true
    }

    /// Whether one term sorts before another, both decoded.
    private static func precedes(_ left: ByteRange, _ right: ByteRange, in bytes: ByteView) -> Bool {
        var left = PathText(left, in: bytes, plusIsBlank: true)
        var right = PathText(right, in: bytes, plusIsBlank: true)
        while let other = right.next() {
            guard let byte = left.next() else { return true }
            if byte != other { return byte < other }
        }
        return false
    }

    /// `path.IsValidPathSegmentName`: neither `.` nor `..`, without `/` and `%`. An empty one is no name at all.
    private static func isSegmentName(_ value: ByteRange, in bytes: ByteView) -> Bool {
        var reader = PathText(value, in: bytes, plusIsBlank: true)
        var length = 0
        var dots = 0
        while let byte = reader.next() {
            if byte == UInt8(ascii: "\\") { continue }
            if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "%") { return false }
            length &+= 1
            if byte == UInt8(ascii: ".") { dots &+= 1 }
        }
        return length > 0 && !(dots == length && length <= 2)
    }
}
