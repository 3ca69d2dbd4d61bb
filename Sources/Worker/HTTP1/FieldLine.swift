// SPDX-License-Identifier: Apache-2.0

/// Reads the field lines of a head or of a trailer section (RFC 9112 section 5).
enum FieldLine {
    /// Reads the line that begins at `start`; a scan has already seen that it ends in CRLF before the end of `bytes` and
    /// that HTAB is its only control byte.
    ///
    /// The name is a token with the colon right behind it; a line that begins with a blank is a folded one (obs-fold). With
    /// `refusingTwins`, a name is refused that is a known one but for underscores: CGI-like servers read both as one.
    @inline(__always)
    static func read(_ bytes: ByteView, from start: Int, refusingTwins: Bool) throws(HTTPFault) -> Field {
        guard let feed = bytes.firstIndex(of: 0x0A, from: start), feed > start else { throw .invalidFieldName }
        let end = feed &- 1
        var colon = start
        var underscored = false
        while colon < end {
            let byte = bytes[colon]
            guard ByteClass.token.contains(byte) else { break }
            if byte == 0x5F { underscored = true }
            colon &+= 1
        }
        guard colon > start, colon < end, bytes[colon] == UInt8(ascii: ":") else {
            throw bytes[start].isBlank ? .foldedField : .invalidFieldName
        }
        let name = ByteRange(from: start, to: colon)
        var known = KnownField.classify(name, in: bytes)
        if underscored, known != .other {
            if refusingTwins { throw .underscoredField }
            known = .other
        }
        let value = trim(bytes, from: colon &+ 1, to: end)
        return Field(name: name, value: value, lineEnd: UInt32(truncatingIfNeeded: feed &+ 1), known: known)
    }

    /// The range without the blanks at its ends.
    @inline(__always)
    static func trim(_ bytes: ByteView, from start: Int, to end: Int) -> ByteRange {
        var start = start
        var end = end
        while start < end, bytes[start].isBlank { start &+= 1 }
        while end > start, bytes[end &- 1].isBlank { end &-= 1 }
        return ByteRange(from: start, to: end)
    }
}
