// SPDX-License-Identifier: Apache-2.0

import Shared

/// What the engine's callbacks noted while it was at work, until the session acts on it.
struct HTTP2Notes {
    /// Requests whose head is complete.
    var arrived: [HTTP2Stream] = []
    /// Streams that are over, with the code that ended them.
    var closed: [(stream: HTTP2Stream, code: UInt32)] = []
    /// Streams whose exchange has something to hear.
    var touched: [HTTP2Stream] = []
    /// Streams to reset once what there is of their response has gone out.
    var cut: [(stream: HTTP2Stream, code: HTTP2Code)] = []
    /// Streams whose trailers break a rule.
    var broken: [(stream: HTTP2Stream, fault: HTTPFault)] = []
    /// Streams whose bytes found no room.
    var starved: [HTTP2Stream] = []

    /// Empties a list, whose elements may then note more.
    static func take<Element>(_ list: inout [Element]) -> [Element] {
        guard !list.isEmpty else { return [] }
        let taken = list
        list.removeAll(keepingCapacity: true)
        return taken
    }

    /// Notes once that the stream's exchange has something to hear. False: that was noted before.
    @discardableResult
    mutating func touch(_ stream: HTTP2Stream) -> Bool {
        guard !stream.isTouched else { return false }
        stream.isTouched = true
        touched.append(stream)
        return true
    }
}
