// SPDX-License-Identifier: Apache-2.0

/// Gathers the trailers of a request and judges them by the rules of chunked trailers.
struct TrailerBuilder {
    private var lines: [UInt8] = []
    private var fault: HTTPFault?
    private static let limit = 8_192

    mutating func add(_ name: ByteView, _ value: ByteView) {
        guard fault == nil else { return }
        guard lines.count + name.count + value.count + 4 <= Self.limit else {
            fault = .trailersTooLarge
            return
        }
        // nghttp2 has looked at them, too; but a line that became two would pass the decoder as two.
        guard value.firstControlByteButTab == value.count else {
            fault = .controlByte
            return
        }
        do throws(HTTPFault) {
            try HTTP2HeadText.checkName(name)
        } catch {
            fault = error
            return
        }
        name.append(to: &lines)
        lines += [UInt8(ascii: ":"), 0x20]
        value.append(to: &lines)
        lines += [0x0D, 0x0A]
    }

    /// The trailers, each a line with its CRLF.
    func finish() throws(HTTPFault) -> [UInt8] {
        if let fault { throw fault }
        guard !lines.isEmpty else { return [] }
        let section = Array("0\r\n".utf8) + lines + [0x0D, 0x0A]
        let step = ByteView.of(section) { bytes in
            var decoder = ChunkedDecoder()
            var position = 0
            return decoder.next(bytes, at: &position)
        }
        switch step {
        case .end(let trailers) where Int(trailers.count) == lines.count: return lines
        case .refused(let fault): throw fault
        default: throw .forbiddenTrailer
        }
    }
}
