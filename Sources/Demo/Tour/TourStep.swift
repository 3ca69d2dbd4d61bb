// SPDX-License-Identifier: Apache-2.0

/// One step of the tour: something done to the gateway, and whether what was promised held.
protocol TourStep: Sendable {
    var title: String { get }

    func run(_ stage: TourStage) throws -> TourOutcome
}

/// What a step found: its figure, and whether the promise held.
struct TourOutcome {
    let held: Bool
    let figure: String
}

/// What every step works with.
struct TourStage {
    let standIn: StandIn
    let gateway: Gateway
    let client: TourClient

    /// The text of a token in the folder.
    func token(_ name: String = "token") throws -> String {
        try standIn.folder.read(standIn.folder.file(name))
    }

    /// A figure of the stand-in API.
    func apiFigure(_ name: String) throws -> Int {
        try standIn.currentStatistics()[name]?.number ?? 0
    }
}
