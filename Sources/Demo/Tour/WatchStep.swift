// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// A watch streams: its events come one by one, when they happen.
struct WatchStep: TourStep {
    let title = "A watch that streams"

    /// When each event came. Shared between the event loop and the main thread.
    private final class Arrivals: Sendable {
        let times = Mutex<[ContinuousClock.Instant]>([])
    }

    func run(_ stage: TourStage) throws -> TourOutcome {
        let arrivals = Arrivals()
        let start = ContinuousClock.now
        // The objects are listed first; after that one event a second; the API ends the watch after three.
        let path = "/api/v1/namespaces/default/pods?watch=true&timeoutSeconds=4"
        let answer = try stage.client.get(path, token: stage.token(), within: .seconds(15)) { text in
            let events = text.count { $0 == "\n" }
            arrivals.times.withLock { $0 += Array(repeating: .now, count: events) }
        }.wait()
        let times = arrivals.times.withLock { $0 }
        guard let first = times.first, let last = times.last else {
            return TourOutcome(held: false, figure: "no event came (\(answer.status))")
        }
        let streamed = times.count { $0 - first > .milliseconds(500) }
        let held = answer.status == 200 && streamed >= 3 && first - start < .seconds(1) && last - first > .seconds(2)
        return TourOutcome(
            held: held,
            figure: "first event after \((first - start).milliseconds) ms, \(times.count) events spread over "
                + "\((last - first).milliseconds) ms")
    }
}
