// SPDX-License-Identifier: Apache-2.0

/// Those parameters of a list request that decide its verb and its name (`metav1.ListOptions`), and `follow` of
/// `corev1.PodLogOptions`.
///
/// The query is read as Go's `url.ParseQuery` reads it: pairs at `&`, one with a `;` is skipped, and of several with one key
/// the first counts. `watch` is true unless it is missing, `false` or `0` (`Convert_Slice_string_To_bool`), also when it is
/// empty. If another parameter does not parse, the selector is forgotten but `watch` is kept.
struct ListOptions {
    private(set) var watch = false
    private(set) var follow = false
    /// What the field selector says that `metadata.name` is, if it says so.
    private(set) var name: ByteRange?

    init(_ query: ByteRange, in bytes: ByteView) {
        var seen: (watch: Bool, follow: Bool, selector: Bool, limit: Bool, timeout: Bool) =
            (false, false, false, false, false)
        var valid = true
        var start = query.lowerBound
        while start < query.upperBound {
            var end = start
            var equals = -1
            var skipped = false
            while end < query.upperBound, bytes[end] != UInt8(ascii: "&") {
                if bytes[end] == UInt8(ascii: "="), equals < 0 { equals = end }
                if bytes[end] == UInt8(ascii: ";") { skipped = true }
                end &+= 1
            }
            let key = ByteRange(from: start, to: equals < 0 ? end : equals)
            let value = ByteRange(from: equals < 0 ? end : equals &+ 1, to: end)
            start = end &+ 1
            if skipped { continue }
            if !seen.watch, PathText.equals(key, "watch", in: bytes) {
                seen.watch = true
                watch = !PathText.equals(value, "0", in: bytes) && !Self.isFalse(value, in: bytes)
            } else if !seen.follow, PathText.equals(key, "follow", in: bytes) {
                seen.follow = true
                follow = !PathText.equals(value, "0", in: bytes) && !Self.isFalse(value, in: bytes)
            } else if !seen.selector, PathText.equals(key, "fieldSelector", in: bytes) {
                seen.selector = true
                if let selector = FieldSelector(value, in: bytes) { name = selector.name } else { valid = false }
            } else if !seen.limit, PathText.equals(key, "limit", in: bytes) {
                seen.limit = true
                valid = valid && Self.isInteger(value, in: bytes)
            } else if !seen.timeout, PathText.equals(key, "timeoutSeconds", in: bytes) {
                seen.timeout = true
                valid = valid && Self.isInteger(value, in: bytes)
            }
        }
        if !valid { name = nil }
    }

    private static func isFalse(_ value: ByteRange, in bytes: ByteView) -> Bool {
        var reader = PathText(value, in: bytes, plusIsBlank: true)
        let text: StaticString = "false"
        let expected = ByteView(text)
        for index in 0..<expected.count where reader.next()?.lowercased != expected[index] { return false }
        return reader.next() == nil
    }

    /// What Go's `strconv.ParseInt` takes in base 10 for 64 bits.
    private static func isInteger(_ value: ByteRange, in bytes: ByteView) -> Bool {
        var reader = PathText(value, in: bytes, plusIsBlank: true)
        var magnitude: UInt64 = 0
        var digits = 0
        var isNegative = false
        var isFirst = true
        while let byte = reader.next() {
            if isFirst, byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") {
                isNegative = byte == UInt8(ascii: "-")
            } else {
                guard byte.isDigit, magnitude <= UInt64(Int64.max) / 10 else { return false }
                magnitude = magnitude &* 10 &+ UInt64(byte &- 0x30)
                digits = 1
            }
            isFirst = false
        }
        return digits > 0 && magnitude <= UInt64(Int64.max) &+ (isNegative ? 1 : 0)
    }
}
