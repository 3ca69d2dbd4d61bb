// SPDX-License-Identifier: Apache-2.0

/// `HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112 section 4). The second space may be missing, as servers
/// without a reason phrase often leave it out.
struct StatusLine {
    let minorVersion: UInt8
    let status: UInt16
    let reason: ByteRange
    /// Where the next line begins.
    let end: Int

    /// Reads the line at the start of `bytes`; a scan has already seen that it ends in CRLF.
    init(_ bytes: ByteView) throws(HTTPFault) {
        guard let feed = bytes.firstIndex(of: 0x0A, from: 0), feed >= 13 else { throw .invalidStatusLine }
        let lineEnd = feed &- 1
        minorVersion = try HTTPVersion.minor(ByteRange(start: 0, count: 8), in: bytes, malformed: .invalidStatusLine)
        guard bytes[8] == 0x20, bytes[9].isDigit, bytes[10].isDigit, bytes[11].isDigit else {
            throw .invalidStatusLine
        }
        status =
            UInt16(bytes[9] &- 0x30) &* 100 &+ UInt16(bytes[10] &- 0x30) &* 10 &+ UInt16(bytes[11] &- 0x30)
        guard status >= 100, status < 600 else { throw .invalidStatusLine }
        if lineEnd > 12 {
            guard bytes[12] == 0x20 else { throw .invalidStatusLine }
            reason = ByteRange(from: 13, to: lineEnd)
        } else {
            reason = .empty
        }
        end = feed &+ 1
    }
}
