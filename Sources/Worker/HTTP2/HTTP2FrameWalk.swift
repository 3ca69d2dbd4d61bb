// SPDX-License-Identifier: Apache-2.0

import Shared

/// Finds the frame headers in what a peer sends, however its bytes are cut. nghttp2 tells only of frames whose type it
/// knows; what a connection costs has to be counted for all.
struct HTTP2FrameWalk: Equatable {
    /// The client's preface stands before the first frame (RFC 9113 section 3.4).
    private static let prefaceLength = 24
    static let headerLength = 9

    /// Bytes to pass over before the next header.
    private var skip: Int
    /// A header that has not come whole.
    private var partial: UInt64 = 0
    private var partialCount = 0

    /// - Parameter fromClient: the preface comes first; a server sends none.
    init(fromClient: Bool = true) {
        skip = fromClient ? Self.prefaceLength : 0
    }

    /// The next header at or after `position`, which moves behind it; nil: all bytes were looked at.
    mutating func next(_ bytes: ByteView, at position: inout Int) -> HTTP2FrameHeader? {
        let passed = min(skip, bytes.count - position)
        skip -= passed
        position += passed
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            partialCount += 1
            // Length, type and flags are the first five bytes; the stream's number behind them is of no interest.
            if partialCount <= 5 { partial = partial << 8 | UInt64(byte) }
            guard partialCount == Self.headerLength else { continue }
            let header = HTTP2FrameHeader(
                type: .init(number: UInt8(truncatingIfNeeded: partial >> 8)),
                flags: UInt8(truncatingIfNeeded: partial), length: Int(partial >> 16))
            skip = header.length
            partial = 0
            partialCount = 0
            return header
        }
        return nil
    }

    /// Makes the frames that were read pay, and tells of each. False: the connection has no more to pay with.
    mutating func charge(
        _ input: Buffer, to budget: inout AbuseBudget, now: Instant, each: (HTTP2FrameHeader) -> Void = { _ in }
    ) -> Bool {
        input.view { bytes in
            var position = 0
            while let header = next(bytes, at: &position) {
                each(header)
                if let (kind, cost) = AbuseBudget.price(of: header) { _ = budget.spend(cost, on: kind, now: now) }
            }
        }
        return budget.exhaustedBy == nil
    }
}
