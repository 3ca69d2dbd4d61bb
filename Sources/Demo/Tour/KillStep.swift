// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// A worker dies while connections arrive: those it had read nothing from are served by another one.
///
/// The worker is stopped a moment before it is killed. So connections pile up that were handed to it and that it never
/// read from, and it is certain, without asking the gateway, which these are at most: every connection opened after the
/// stop. None of them may fail.
struct KillStep: TourStep {
    private static let count = 200
    private static let stopAt = 50
    private static let killAt = 150

    var title: String { "A worker killed while \(Self.count) connections arrive" }

    func run(_ stage: TourStage) throws -> TourOutcome {
        guard let before = stage.gateway.status, let victim = before.workers.first(where: \.isReady)?.pid, victim > 1
        else { return TourOutcome(held: false, figure: "no worker is ready") }
        let results = try arrive(stage, victim)
        let recovered = Wait.until(upTo: .seconds(30), every: .milliseconds(50)) {
            stage.gateway.isReady && stage.gateway.status?.workers.contains { $0.pid == victim } == false
        }
        let after = stage.gateway.status ?? before
        let failedEarly = results.prefix(Self.stopAt).count { !$0 }
        let failedLate = results.dropFirst(Self.stopAt).count { !$0 }
        let lost = after.handoff("lost") - before.handoff("lost")
        let redelivered = after.handoff("redelivered") - before.handoff("redelivered")
        let pool = recovered.map { "the pool full again after \($0.milliseconds) ms" } ?? "the pool NOT full again"
        return TourOutcome(
            held: failedLate == 0 && lost == 0 && recovered != nil,
            figure: "failed before claim: \(max(lost, failedLate)); cut after the dead worker had read from them: "
                + "\(failedEarly); handed to another worker: \(redelivered); served: \(results.count { $0 }); \(pool)")
    }

    /// Opens the connections, one a millisecond; true for each that was served, in their order.
    private func arrive(_ stage: TourStage, _ victim: pid_t) throws -> [Bool] {
        let token = try stage.token()
        var answers: [EventLoopFuture<Bool>] = []
        for index in 0..<Self.count {
            if index == Self.stopAt {
                kill(victim, SIGSTOP)
                Wait.sleep(.milliseconds(5))
            }
            if index == Self.killAt { kill(victim, SIGKILL) }
            let answer = stage.client.get("/whoami", token: token, within: .seconds(20))
            answers.append(answer.map { $0.status == 200 }.recover { _ in false })
            Wait.sleep(.milliseconds(1))
        }
        return try EventLoopFuture.whenAllSucceed(answers, on: stage.client.eventLoop).wait()
    }
}
