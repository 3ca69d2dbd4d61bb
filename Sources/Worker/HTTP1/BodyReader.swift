// SPDX-License-Identifier: Apache-2.0

/// What comes next in a body.
enum BodyStep: Equatable, Sendable {
    /// These bytes are body.
    case data(ByteRange)
    /// Everything that is there has been taken.
    case needMore
    /// The body is through. Its trailers, each line with its CRLF, are at `trailers`, which is empty if there are none.
    case end(trailers: ByteRange)
    case refused(HTTPFault)
}

/// Tells body bytes from what is around them, for each framing.
enum BodyReader: Equatable, Sendable {
    /// So many bytes are still to come.
    case length(UInt64)
    case chunked(ChunkedDecoder)
    case untilClose

    init(_ framing: MessageFraming) {
        switch framing {
        case .none: self = .length(0)
        case .length(let length): self = .length(length)
        case .chunked: self = .chunked(ChunkedDecoder())
        case .untilClose: self = .untilClose
        }
    }

    /// Looks at the bytes from `position` on, and moves it behind those that are done with; see `ChunkedDecoder.next`.
    /// What lies behind the end of a body is left alone.
    mutating func next(_ bytes: ByteView, at position: inout Int) -> BodyStep {
        precondition(UInt(bitPattern: position) <= UInt(bitPattern: bytes.count))
        let available = bytes.count &- position
        switch self {
        case .length(let rest):
            guard rest > 0 else { return .end(trailers: .empty) }
            guard available > 0 else { return .needMore }
            let count = UInt64(available) < rest ? available : Int(rest)
            self = .length(rest &- UInt64(count))
            position &+= count
            return .data(ByteRange(from: position &- count, to: position))
        case .chunked(var decoder):
            let step = decoder.next(bytes, at: &position)
            self = .chunked(decoder)
            return step
        case .untilClose:
            guard available > 0 else { return .needMore }
            position = bytes.count
            return .data(ByteRange(from: position &- available, to: position))
        }
    }

    /// Takes so many bytes as body, all of them; false, and nothing is taken, where they may be anything else.
    mutating func takeWhole(_ count: Int) -> Bool {
        switch self {
        case .length(let rest):
            guard UInt64(count) <= rest else { return false }
            self = .length(rest &- UInt64(count))
            return true
        case .untilClose: return true
        case .chunked: return false
        }
    }

    /// What it means that the peer closes now, after everything it sent was taken: only what ends with the connection, or
    /// is already through, has its end.
    func finish() -> BodyStep {
        switch self {
        case .length(0), .untilClose: .end(trailers: .empty)
        case .chunked(let decoder) where decoder.isComplete: .end(trailers: .empty)
        case .length, .chunked: .refused(.truncatedBody)
        }
    }
}
