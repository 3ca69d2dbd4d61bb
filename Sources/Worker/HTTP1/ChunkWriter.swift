// SPDX-License-Identifier: Apache-2.0

/// Writes the chunked transfer coding (RFC 9112 section 7.1) around data that is read straight into its place.
///
/// A chunk's head has a fixed length (leading zeros are allowed), so that it can be written once the data is there and its
/// size known: reserve `headLength` bytes, read behind them, write the head into the gap, append the tail.
enum ChunkWriter {
    /// Eight digits and CRLF.
    static let headLength = 10
    /// CRLF.
    static let tailLength = 2
    /// What a chunk takes beside its data, in bytes.
    static let overhead = headLength + tailLength

    /// Writes the head of a chunk of `size` bytes, which must be more than zero: a chunk of none would end the body.
    static func writeHead(size: UInt32, into writer: inout ByteWriter) {
        precondition(size > 0)
        writer.append(hex: UInt64(size), digits: 8)
        writer.append("\r\n")
    }

    static func writeTail(into writer: inout ByteWriter) {
        writer.append("\r\n")
    }

    /// Writes one whole chunk; nothing if there is no data.
    static func write(_ data: ByteView, into writer: inout ByteWriter) {
        guard let size = UInt32(exactly: data.count), size > 0 else { return }
        writeHead(size: size, into: &writer)
        writer.append(data)
        writeTail(into: &writer)
    }

    /// Writes the last chunk and the trailers, whole lines as `BodyStep.end` gives them.
    static func writeEnd(trailers: ByteView, into writer: inout ByteWriter) {
        writer.append("0\r\n")
        writer.append(trailers)
        writer.append("\r\n")
    }
}
