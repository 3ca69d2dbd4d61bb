// SPDX-License-Identifier: Apache-2.0

/// `HTTP-version` (RFC 9112 section 2.3): case-sensitive, one digit on each side of the dot.
enum HTTPVersion {
    /// The minor version of HTTP/1.0 or HTTP/1.1. Others are `unsupportedVersion`; what is none at all is `malformed`.
    @inline(__always)
    static func minor(_ range: ByteRange, in bytes: ByteView, malformed: HTTPFault) throws(HTTPFault) -> UInt8 {
        let version = bytes[range]
        guard version.count == 8 else { throw malformed }
        if version.equals("HTTP/1.1") { return 1 }
        if version.equals("HTTP/1.0") { return 0 }
        guard version[ByteRange(start: 0, count: 5)].equals("HTTP/"), version[5].isDigit,
            version[6] == UInt8(ascii: "."), version[7].isDigit
        else { throw malformed }
        throw .unsupportedVersion
    }
}
