// SPDX-License-Identifier: Apache-2.0

/// How a client leaves.
enum Manner: Int {
    case finish
    case halfClose
    case reset
    case vanish
    case stall

    /// Those that a world knows.
    static func all(in scenario: Scenario) -> [Manner] {
        var manners: [Manner] = []
        if scenario.has(.clientsFinish) { manners += [.finish, .halfClose] }
        if scenario.has(.clientsReset) { manners.append(.reset) }
        if scenario.has(.clientsVanish) { manners.append(.vanish) }
        if scenario.has(.clientsStall) { manners.append(.stall) }
        return manners
    }
}
