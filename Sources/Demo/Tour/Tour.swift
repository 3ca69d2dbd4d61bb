// SPDX-License-Identifier: Apache-2.0

/// The tour: each step with its figure, on standard output.
struct Tour {
    private static let steps: [any TourStep] = [
        IdentityStep(), RefusalStep(), WatchStep(), AbandonStep(), KillStep(), ShutdownStep(),
    ]

    /// Runs all steps, also those after one that failed; true if all held.
    static func run(_ stage: TourStage) -> Bool {
        var heldCount = 0
        for (index, step) in steps.enumerated() where !StopSignal.hasCome {
            let outcome: TourOutcome
            do {
                outcome = try step.run(stage)
            } catch {
                outcome = TourOutcome(held: false, figure: "\(error)")
            }
            if outcome.held { heldCount += 1 }
            StandardOutput.print("\(outcome.held ? "✓" : "✗") \(index + 1). \(step.title): \(outcome.figure)")
        }
        StandardOutput.print("\(heldCount) of \(steps.count) held")
        return heldCount == steps.count
    }
}
