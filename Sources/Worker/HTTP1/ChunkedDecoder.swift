// SPDX-License-Identifier: Apache-2.0

/// Takes the chunked transfer coding off a body (RFC 9112 section 7.1), strictly and piece by piece.
///
/// - A chunk size is 1 to 16 hexadecimal digits that fit in 63 bits, and nothing but `;` or CRLF may follow: no blank, no sign.
/// - Chunk extensions are dropped: nobody has registered one, and they exist to be hidden behind. A line with more than
///   256 bytes of them, and a body with more than 16 KiB of them, is refused.
/// - Lines end in CRLF; a bare CR or LF is refused.
/// - Trailers follow the rules of header fields, at most 32 of them in 8 KiB. None may be a field that we know (framing,
///   routing, authentication, impersonation, their twins with underscores): RFC 9110 section 6.5.1.
struct ChunkedDecoder: Equatable, Sendable {
    private enum State: Equatable, Sendable {
        /// In front of the first digit of a size.
        case sizeStart
        case size(digits: UInt8)
        case sizeExtension(count: UInt16)
        /// Behind the CR of a size line.
        case sizeEnd
        case data
        /// Behind a chunk's data.
        case dataEnd
        /// Behind the CR behind a chunk's data.
        case dataFeed
        case trailers
        case complete
    }

    private var state = State.sizeStart
    /// The size read so far; then what is left of the chunk's data.
    private var rest: UInt64 = 0
    private var extensionBytes: UInt32 = 0

    private static let longestExtension: UInt16 = 256
    private static let allExtensions: UInt32 = 16_384
    private static let trailerBytes = 8_192
    private static let trailerFields = 32

    /// A decoder at the start of a body.
    init() {}

    /// Whether the body is through, trailers included.
    var isComplete: Bool { state == .complete }

    /// Looks at the bytes from `position` on, and moves it behind those that are done with.
    ///
    /// After `data` call again at once; after `needMore` with more bytes. A trailer section is taken as a whole: until it is
    /// all there, `needMore` leaves it where it is, and the caller must keep it and add to it (8 KiB at most).
    mutating func next(_ bytes: ByteView, at position: inout Int) -> BodyStep {
        do throws(HTTPFault) {
            while position < bytes.count {
                if let step = try advance(bytes, at: &position) { return step }
            }
            return state == .complete ? .end(trailers: .empty) : .needMore
        } catch {
            return .refused(error)
        }
    }

    /// Takes one byte, one run of data or the trailer section.
    @inline(__always)
    private mutating func advance(_ bytes: ByteView, at position: inout Int) throws(HTTPFault) -> BodyStep? {
        switch state {
        case .data:
            let count = UInt64(bytes.count &- position) < rest ? bytes.count &- position : Int(rest)
            let run = ByteRange(from: position, to: position &+ count)
            position &+= count
            rest &-= UInt64(count)
            if rest == 0 { state = .dataEnd }
            return .data(run)
        case .trailers:
            guard let section = try Self.trailers(bytes, from: position) else { return .needMore }
            position = section.upperBound &+ 2
            state = .complete
            return .end(trailers: section)
        case .complete:
            return .end(trailers: .empty)
        case .dataEnd:
            guard bytes[position] == 0x0D else { throw .invalidChunkEnd }
            state = .dataFeed
        case .dataFeed:
            guard bytes[position] == 0x0A else { throw .invalidChunkEnd }
            state = .sizeStart
        case .sizeStart, .size, .sizeExtension, .sizeEnd:
            try readSizeLine(bytes[position])
        }
        position &+= 1
        return nil
    }

    /// Takes one byte of `chunk-size [ chunk-ext ] CRLF`.
    private mutating func readSizeLine(_ byte: UInt8) throws(HTTPFault) {
        switch state {
        case .sizeStart:
            guard let digit = byte.hexValue else { throw .invalidChunkSize }
            rest = UInt64(digit)
            state = .size(digits: 1)
        case .size(let digits):
            if let digit = byte.hexValue {
                guard digits < 16, rest <= UInt64(Int64.max) >> 4 else { throw .chunkTooLarge }
                rest = rest << 4 | UInt64(digit)
                state = .size(digits: digits &+ 1)
            } else if byte == 0x0D {
                state = .sizeEnd
            } else if byte == UInt8(ascii: ";") {
                try countExtension(0)
            } else {
                throw .invalidChunkSize
            }
        case .sizeExtension(let count):
            if byte == 0x0D {
                state = .sizeEnd
            } else if byte == 0x09 || (byte >= 0x20 && byte != 0x7F) {
                try countExtension(count)
            } else {
                throw .invalidChunkExtension
            }
        default:
            guard byte == 0x0A else { throw .invalidChunkSize }
            state = rest == 0 ? .trailers : .data
        }
    }

    private mutating func countExtension(_ count: UInt16) throws(HTTPFault) {
        extensionBytes &+= 1
        guard count < Self.longestExtension, extensionBytes <= Self.allExtensions else { throw .invalidChunkExtension }
        state = .sizeExtension(count: count &+ 1)
    }

    /// The trailer section at `start` without the empty line at its end, or nil if that has not come yet.
    private static func trailers(_ bytes: ByteView, from start: Int) throws(HTTPFault) -> ByteRange? {
        var line = start
        var index = start
        var fields = 0
        while true {
            index = bytes.firstControlByte(from: index)
            guard index &- start < trailerBytes else { throw .trailersTooLarge }
            guard index < bytes.count else { return nil }
            if bytes[index] == 0x09 {
                index &+= 1
                continue
            }
            guard bytes[index] == 0x0D else { throw bytes[index] == 0x0A ? .bareLineFeed : .controlByte }
            guard index &+ 1 < bytes.count else { return nil }
            guard bytes[index &+ 1] == 0x0A else { throw .bareCarriageReturn }
            if index == line { return ByteRange(from: start, to: line) }
            let field = try FieldLine.read(bytes, from: line, refusingTwins: true)
            guard field.known == .other else { throw .forbiddenTrailer }
            fields &+= 1
            guard fields <= trailerFields else { throw .trailersTooLarge }
            index &+= 2
            line = index
        }
    }
}
