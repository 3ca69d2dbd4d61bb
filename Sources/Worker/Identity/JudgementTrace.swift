// SPDX-License-Identifier: Apache-2.0

/// Every check of one token in the order in which it was made, for `lychgate explain`. Nothing out of the token stands in
/// it but the names that the user gets.
final class JudgementTrace {
    enum Outcome: String {
        case passed
        case failed
        /// A gateway would make it, with what it would first ask for elsewhere.
        case skipped
    }

    struct Step: Equatable {
        let check: String
        var outcome: Outcome
        var detail: String
    }

    private(set) var steps: [Step] = []

    /// The check before this one has passed; this one is made next.
    func begin(_ check: String, _ detail: String = "") {
        steps.append(Step(check: check, outcome: .passed, detail: detail))
    }

    /// What the check that was begun last has found.
    func note(_ detail: String) {
        guard !steps.isEmpty else { return }
        steps[steps.count - 1].detail = detail
    }

    /// That check was not really made.
    func skip(_ check: String, _ detail: String) {
        for index in steps.indices where steps[index].check == check {
            steps[index].outcome = .skipped
            steps[index].detail = detail
        }
    }

    /// The check that was begun last has failed, and is the last.
    func fail(_ detail: String) {
        guard !steps.isEmpty else { return }
        steps[steps.count - 1].outcome = .failed
        steps[steps.count - 1].detail = detail
    }
}
