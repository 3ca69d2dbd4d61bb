// SPDX-License-Identifier: Apache-2.0

/// A block of words on a panel whose meaning is a pair or triple of labels: which, its writer and its reader know.
package enum PanelTable: CaseIterable, Sendable {
    /// Requests by protocol, verb and status.
    case requests
    /// Requests that ended before their time: by whose doing, and in which phase.
    case cancellations
    /// Deadlines that passed, by stage.
    case deadlines
    /// Judgements of credentials, by their reason.
    case authentication
    /// On the supervisor's panel: children ended, by reason.
    case recycles
    /// When each listener's certificate expires, in seconds since 1970; behind them the one shown to the API server.
    case certificates
    /// Look-ups at other services, by kind and result, and their time.
    case lookups

    package var count: Int {
        switch self {
        case .requests: 768
        case .cancellations: 32
        case .deadlines: 24
        case .authentication: 64
        case .recycles: 32
        case .certificates: 72
        case .lookups: 64
        }
    }

    /// Whether its words only grow while their process lives.
    package var isCounter: Bool { self != .certificates }

    var offset: Int {
        var offset = PanelLayout.tables
        for table in Self.allCases {
            if table == self { break }
            offset += table.count
        }
        return offset
    }
}
