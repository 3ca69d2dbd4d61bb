// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The gateway is told to stop while requests hang: it cuts them at its drain deadline and exits in order.
struct ShutdownStep: TourStep {
    private static let count = 20

    let title = "Shutdown with requests that hang"

    func run(_ stage: TourStage) throws -> TourOutcome {
        let token = try stage.token()
        let held = (0..<Self.count).map { _ in stage.client.hold("/hang", token: token) }
        let channels = try EventLoopFuture.whenAllSucceed(held, on: stage.client.eventLoop).wait()
        let seen = try Wait.until(upTo: .seconds(10)) { try stage.apiFigure("hanging") == Self.count }
        let start = ContinuousClock.now
        let ending = stage.gateway.stop()
        let took = ContinuousClock.now - start
        let ended = try Wait.until(upTo: .seconds(1)) { try stage.apiFigure("hanging") == 0 }
        for channel in channels { channel.close(promise: nil) }
        let how =
            switch ending {
            case .exited(let code): "exit code \(code)"
            case .killed(let signal): "killed by signal \(signal)"
            case nil: "it did not end"
            }
        return TourOutcome(
            held: seen != nil && ended != nil && ending == .exited(0) && took < Gateway.hardStop,
            figure: "\(how) after \(took.milliseconds) ms (drain \(Gateway.drain.milliseconds) ms, hard stop "
                + "\(Gateway.hardStop.milliseconds) ms), \(try stage.apiFigure("hanging")) left at the API")
    }
}
