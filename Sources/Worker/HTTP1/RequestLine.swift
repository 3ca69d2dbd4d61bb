// SPDX-License-Identifier: Apache-2.0

/// `method SP request-target SP HTTP-version` (RFC 9112 section 3), with exactly these two spaces.
struct RequestLine {
    let method: HTTPMethod
    let methodName: ByteRange
    let target: ByteRange
    let minorVersion: UInt8
    /// Where the next line begins.
    let end: Int

    /// Longer methods are not ones that an API server knows.
    private static let longestMethod = 32

    /// Reads the line at `start`; a scan has already seen that it ends in CRLF.
    init(_ bytes: ByteView, from start: Int) throws(HTTPFault) {
        guard let feed = bytes.firstIndex(of: 0x0A, from: start), feed > start else { throw .invalidRequestLine }
        let lineEnd = feed &- 1
        var methodEnd = start
        while methodEnd < lineEnd, ByteClass.token.contains(bytes[methodEnd]) { methodEnd &+= 1 }
        guard methodEnd > start, methodEnd < lineEnd, bytes[methodEnd] == 0x20 else { throw .invalidMethod }
        guard methodEnd &- start <= Self.longestMethod else { throw .unsupportedMethod }
        let targetStart = methodEnd &+ 1
        guard let targetEnd = bytes.firstIndex(of: 0x20, from: targetStart), targetEnd > targetStart,
            targetEnd < lineEnd
        else { throw .invalidRequestLine }
        minorVersion = try HTTPVersion.minor(
            ByteRange(from: targetEnd &+ 1, to: lineEnd), in: bytes, malformed: .invalidRequestLine)
        methodName = ByteRange(from: start, to: methodEnd)
        method = HTTPMethod(methodName, in: bytes)
        target = ByteRange(from: targetStart, to: targetEnd)
        end = feed &+ 1
    }
}
