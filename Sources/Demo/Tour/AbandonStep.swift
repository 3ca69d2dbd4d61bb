// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOSSL

/// A thousand clients ask for what never comes, and leave: everything that was started for them ends at once.
struct AbandonStep: TourStep {
    private static let count = 1_000

    var title: String { "\(Self.count) abandoned requests" }

    func run(_ stage: TourStage) throws -> TourOutcome {
        guard let before = stage.gateway.status else { return TourOutcome(held: false, figure: "no status") }
        let channels = try open(stage)
        let seen = try Wait.until(upTo: .seconds(30)) { try stage.apiFigure("hanging") == Self.count }
        let hanging = try stage.apiFigure("hanging")
        try leave(channels, stage)
        let ended = try Wait.until(upTo: .seconds(10), every: .milliseconds(1)) { try stage.apiFigure("hanging") == 0 }
        var after = before
        let settled = Wait.until(upTo: .seconds(10)) {
            guard let now = stage.gateway.status else { return false }
            after = now
            return now.total("inFlight") == 0 && now.total("orphans") == 0
                && Self.descriptors(now) <= Self.descriptors(before)
        }
        guard seen != nil, let ended, settled != nil else {
            return TourOutcome(
                held: false,
                figure: "the API saw \(hanging) hang, \(try stage.apiFigure("hanging")) are left there; in flight: "
                    + "\(after.total("inFlight")), orphans: \(after.total("orphans")), descriptors "
                    + "\(before.total("descriptors")) → \(after.total("descriptors"))")
        }
        return TourOutcome(
            held: ended < .seconds(1),
            figure: "orphans left: 0, the last ended upstream \(ended.milliseconds) ms after the last client left "
                + "(longest \(after.longestOrphan.rounded()) ms); in flight 0, descriptors "
                + "\(before.total("descriptors")) → \(after.total("descriptors"))")
    }

    /// Descriptors without those of connections that the pool keeps for later.
    private static func descriptors(_ status: GatewayStatus) -> Int {
        status.total("descriptors") - status.total("upstreamIdle")
    }

    /// Opens all, a hundred at a time.
    private func open(_ stage: TourStage) throws -> [any Channel] {
        let token = try stage.token()
        var channels: [any Channel] = []
        for _ in 0..<Self.count / 100 {
            let batch = (0..<100).map { _ in stage.client.hold("/hang", token: token) }
            channels += try EventLoopFuture.whenAllSucceed(batch, on: stage.client.eventLoop).wait()
        }
        return channels
    }

    /// Closes all sockets, without a word of TLS before: half by FIN, half by RST.
    private func leave(_ channels: [any Channel], _ stage: TourStage) throws {
        try stage.client.eventLoop.submit {
            for (index, channel) in channels.enumerated() {
                if index.isMultiple(of: 2) {
                    let abort = linger(l_onoff: 1, l_linger: 0)
                    _ = (channel as? any SocketOptionProvider)?.setSoLinger(abort)
                }
                let tls = try channel.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
                tls.close(promise: nil)
            }
        }.wait()
    }
}
