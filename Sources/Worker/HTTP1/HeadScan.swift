// SPDX-License-Identifier: Apache-2.0

/// Finds the end of a head, and remembers how far it has looked, so that a head that trickles in byte by byte costs no more
/// than one that comes at once.
///
/// On its one way over the bytes it also sees to it that lines end in CRLF, that there is no control byte but HTAB
/// (RFC 9110 section 5.5, RFC 9112 section 2.2), and that the start line and the head keep within their limits. What it says
/// about a message does not depend on how its bytes were cut.
///
/// One empty line before a start line is skipped (RFC 9112 section 2.2: old clients send one after a POST); a second one is
/// a fault.
struct HeadScan: Equatable, Sendable {
    /// The next byte to look at.
    private var position: UInt32 = 0
    /// Where the line that it belongs to begins.
    private var lineStart: UInt32 = 0
    /// Where the start line begins: 0, or 2 behind an empty line.
    private(set) var messageStart: UInt32 = 0
    private var startLineSeen = false

    /// The scan of a head not yet looked at, which begins at offset 0 of its view.
    init() {}

    /// Looks at what came since the last call. The view must begin with the same bytes as then.
    /// - Returns: the head's length with its last CRLF CRLF, or nil as long as more bytes are needed.
    mutating func advance(_ bytes: ByteView, limits: HeadLimits) throws(HTTPFault) -> Int? {
        guard bytes.count <= Int(Int32.max), Int(position) <= bytes.count else { throw .headTooLarge }
        var index = Int(position)
        while true {
            index = bytes.firstControlByte(from: index)
            try check(index, limits: limits)
            guard index < bytes.count else { break }
            switch bytes[index] {
            case 0x09:
                index &+= 1
            case 0x0D:
                guard index &+ 1 < bytes.count else {
                    position = UInt32(truncatingIfNeeded: index)
                    return nil
                }
                guard bytes[index &+ 1] == 0x0A else { throw .bareCarriageReturn }
                if let end = try endLine(at: index, limits: limits) { return end }
                index &+= 2
            case 0x0A:
                throw .bareLineFeed
            default:
                throw .controlByte
            }
        }
        position = UInt32(truncatingIfNeeded: index)
        return nil
    }

    /// The limits for a head of which everything before `index` has been looked at and that has not ended.
    private func check(_ index: Int, limits: HeadLimits) throws(HTTPFault) {
        if !startLineSeen, index &- Int(lineStart) > limits.startLine { throw .startLineTooLong }
        if index >= limits.head { throw .headTooLarge }
    }

    /// Notes that the current line ends at `index`, where its CR is. Returns the head's length if that was its end.
    private mutating func endLine(at index: Int, limits: HeadLimits) throws(HTTPFault) -> Int? {
        let next = index &+ 2
        guard next <= limits.head else { throw .headTooLarge }
        if index == Int(lineStart) {
            if startLineSeen { return next }
            guard index == 0 else { throw .emptyStartLine }
            messageStart = 2
        } else {
            startLineSeen = true
        }
        lineStart = UInt32(truncatingIfNeeded: next)
        return nil
    }
}
