// SPDX-License-Identifier: Apache-2.0

/// A checked request target (RFC 9112 section 3.2) and its parts.
///
/// Accepted are the origin-form; the absolute-form with `http` or `https`, without user information, whose authority equals
/// the Host field; and `*` for OPTIONS. CONNECT and TRACE are not supported (501). The rules see to it that the API server, which
/// decodes the path once (Go's `net/url`) and splits it at slashes, reads the same path as we do:
/// - visible ASCII only, no `#`, no `\`, every `%` followed by two hexadecimal digits;
/// - no encoded NUL anywhere; no encoded control byte in the path (in a query `%0A` is usual: `kubectl exec`);
/// - no `.` or `..` segment, also where dots or slashes are encoded, in any part of the path: Go's multiplexer would
///   redirect, other servers would resolve them;
/// - `//` stays as it is, and `RequestInfo` takes `%2F` for a slash, both as kube-apiserver does.
struct RequestTarget {
    private(set) var path = ByteRange.empty
    private(set) var query = ByteRange.empty
    private(set) var hasQuery = false
    private(set) var isAsterisk = false
    /// Of an absolute-form.
    private(set) var authority = ByteRange.empty
    private(set) var isAbsolute = false

    /// Reads the target at `range`, which is not empty.
    init(_ range: ByteRange, of method: HTTPMethod, in bytes: ByteView) throws(HTTPFault) {
        // TRACE would show its sender our own credentials (RFC 9110 section 9.3.8).
        guard method != .connect, method != .trace else { throw .unsupportedMethod }
        var start = range.lowerBound
        if bytes[start] != UInt8(ascii: "/") {
            if range.count == 1, bytes[start] == UInt8(ascii: "*") {
                guard method == .options else { throw .invalidTarget }
                isAsterisk = true
                return
            }
            start = try readAuthority(range, in: bytes)
        }
        let end = range.upperBound
        let pathEnd = try Self.checkPath(bytes, from: start, to: end)
        path = ByteRange(from: start, to: pathEnd)
        if pathEnd < end {
            hasQuery = true
            query = ByteRange(from: pathEnd &+ 1, to: end)
            try Self.checkQuery(bytes, from: pathEnd &+ 1, to: end)
        }
    }

    /// Reads `scheme://authority` and returns where the path begins.
    private mutating func readAuthority(_ range: ByteRange, in bytes: ByteView) throws(HTTPFault) -> Int {
        var start = range.lowerBound
        if bytes.hasPrefix(range, ignoringCase: "http://") {
            start &+= 7
        } else if bytes.hasPrefix(range, ignoringCase: "https://") {
            start &+= 8
        } else {
            throw .invalidTarget
        }
        var end = start
        while end < range.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end &+= 1 }
        authority = ByteRange(from: start, to: end)
        isAbsolute = true
        // User information shows itself by "@", which is not part of a host.
        guard HostField.isValid(authority, in: bytes) else { throw .invalidTarget }
        return end
    }

    /// Checks the path from `start` on and returns where it ends: at a `?` or at `end`.
    private static func checkPath(_ bytes: ByteView, from start: Int, to end: Int) throws(HTTPFault) -> Int {
        // Dots since the last slash, or -1 once the segment has had another character.
        var dots = -1
        var index = start
        while index < end {
            var byte = bytes[index]
            guard ByteClass.target.contains(byte) else { throw .invalidTarget }
            if byte == UInt8(ascii: "?") { break }
            if byte == UInt8(ascii: "%") {
                byte = try decode(bytes, at: index, to: end)
                if byte < 0x20 || byte == 0x7F { throw .encodedControlByte }
                index &+= 2
            }
            index &+= 1
            if byte == UInt8(ascii: "/") {
                if dots == 1 || dots == 2 { throw .dotSegment }
                dots = 0
            } else if byte == UInt8(ascii: "."), dots >= 0 {
                dots &+= 1
            } else {
                dots = -1
            }
        }
        if dots == 1 || dots == 2 { throw .dotSegment }
        return index
    }

    private static func checkQuery(_ bytes: ByteView, from start: Int, to end: Int) throws(HTTPFault) {
        var index = start
        while index < end {
            let byte = bytes[index]
            guard ByteClass.target.contains(byte) else { throw .invalidTarget }
            if byte == UInt8(ascii: "%") {
                if try decode(bytes, at: index, to: end) == 0 { throw .encodedControlByte }
                index &+= 2
            }
            index &+= 1
        }
    }

    /// The byte that the percent-encoding at `index` stands for.
    private static func decode(_ bytes: ByteView, at index: Int, to end: Int) throws(HTTPFault) -> UInt8 {
        guard index &+ 2 < end, let high = bytes[index &+ 1].hexValue, let low = bytes[index &+ 2].hexValue else {
            throw .invalidPercentEncoding
        }
        return high << 4 | low
    }
}
