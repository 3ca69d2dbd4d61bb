// SPDX-License-Identifier: Apache-2.0

/// Look-ups by kind and what became of them: places in `PanelTable.lookups`.
struct LookupSeries: Equatable, Hashable, Sendable {
    enum Result: Int, CaseIterable, Sendable {
        case answered
        case failed
        case timedOut
        /// Refused at the bound.
        case refused
        /// Nobody waited for it any more.
        case cancelled
        /// Answered from memory.
        case cached

        /// The label's value.
        var name: String { self == .timedOut ? "timed_out" : "\(self)" }
    }

    private static let words = 8
    private static let microseconds = 7

    let kind: LookupKind
    let result: Result

    init(_ kind: LookupKind, _ result: Result) {
        self.kind = kind
        self.result = result
    }

    init?(index: Int) {
        guard let kind = LookupKind(rawValue: index / Self.words), let result = Result(rawValue: index % Self.words)
        else { return nil }
        self.init(kind, result)
    }

    var index: Int { kind.rawValue * Self.words + result.rawValue }

    /// Where the time of all look-ups of a kind that came to an end by themselves is summed, in microseconds.
    static func time(_ kind: LookupKind) -> Int { kind.rawValue * words + microseconds }
}
