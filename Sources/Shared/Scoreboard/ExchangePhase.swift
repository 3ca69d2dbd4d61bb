// SPDX-License-Identifier: Apache-2.0

/// What an exchange does at the moment, as its row on the scoreboard has it.
package enum ExchangePhase: UInt64, CaseIterable, Sendable {
    case identifying = 1
    case connecting = 2
    case requesting = 3
    case responding = 4
    case ended = 5
    case tunnelling = 6

    package var name: String { Self.name(rawValue) }

    /// The name of what a row claims.
    package static func name(_ raw: UInt64) -> String { names[raw] ?? "unknown" }

    // Once: to ask a case for its name takes microseconds, and `ps` has ten thousand rows.
    private static let names = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, "\($0)") })
}
