// SPDX-License-Identifier: Apache-2.0

/// Looks for a smaller world that still goes wrong, so that there is less to read.
enum Shrinking {
    /// Worlds tried at most.
    static let budget = 150

    static func smallest(_ scenario: Scenario) -> (scenario: Scenario, violation: String)? {
        var left = budget
        guard var violation = Simulation.run(scenario).violation else { return nil }
        var smallest = scenario
        var found = true
        while found {
            found = false
            for candidate in smallest.smaller where left > 0 {
                left -= 1
                guard let text = Simulation.run(candidate).violation else { continue }
                (smallest, violation, found) = (candidate, text, true)
                break
            }
        }
        return (smallest, violation)
    }
}
