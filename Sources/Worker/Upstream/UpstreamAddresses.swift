// SPDX-License-Identifier: Apache-2.0

import Shared

/// The addresses of the API server's host: numbers at once, names by look-ups in the background that are repeated, so
/// that no request ever waits for one (but the first).
final class UpstreamAddresses: TimerHandler {
    private let reactor: Reactor
    private let target: UpstreamTarget
    private let isNumeric: Bool
    private var addresses: [SocketAddress] = []
    private var preferred = 0
    private var resolution: HostResolution?
    private var started = Instant.zero
    private var timer = Reactor.Timer.none
    /// Why there are no addresses; nil before the first look-up has ended.
    private(set) var failure: String?
    var onChange: (() -> Void)?

    private static let pollInterval = Duration.milliseconds(5)
    private static let refreshInterval = Duration.seconds(30)
    private static let retryInterval = Duration.seconds(1)
    /// A look-up that takes longer is given up.
    private static let deadline = Duration.seconds(10)

    init(reactor: Reactor, target: UpstreamTarget) {
        self.reactor = reactor
        self.target = target
        if let address = SocketAddress(host: target.host, port: target.port) {
            isNumeric = true
            addresses = [address]
        } else {
            isNumeric = false
            look()
        }
    }

    /// The address to try next; nil while none is known.
    var current: SocketAddress? { addresses.isEmpty ? nil : addresses[preferred % addresses.count] }

    func has(_ address: SocketAddress) -> Bool { addresses.contains(address) }

    /// This address did not answer: another one's turn.
    func avoid(_ address: SocketAddress) {
        if address == current { preferred += 1 }
    }

    func stop() {
        reactor.cancelTimer(&timer)
        resolution = nil
    }

    private func look() {
        resolution = HostResolution(host: target.host)
        started = reactor.now
        timer = reactor.startTimer(at: reactor.now + Self.pollInterval, handler: self)
    }

    func timerFired(tag: UInt32, now: Instant) {
        guard let resolution else { return look() }
        var outcome = resolution.poll()
        if outcome == .pending, now.since(started) > Self.deadline { outcome = .failed("the look-up took too long") }
        switch outcome {
        case .pending:
            timer = reactor.startTimer(at: now + Self.pollInterval, handler: self)
            return
        case .addresses(let found) where !found.isEmpty:
            addresses = found.map { address in
                SocketAddress(
                    family: address.family, port: target.port, high: address.high, low: address.low,
                    scope: address.scope)
            }
            failure = nil
        case .addresses: failure = "the name has no address"
        case .failed(let text): failure = text
        }
        self.resolution = nil
        // Addresses that were good once are kept: a name server's failure is not the API server's.
        timer = reactor.startTimer(
            at: now + (failure == nil ? Self.refreshInterval : Self.retryInterval), handler: self)
        onChange?()
    }
}
