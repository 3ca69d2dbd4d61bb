// SPDX-License-Identifier: Apache-2.0

import Shared

/// Calls a closure on each signal of a signalfd.
final class TerminationSignal: EventHandler {
    private let reactor: Reactor
    private let signals: SignalDescriptor
    private let onSignal: () -> Void
    private var registration = Reactor.Registration.none

    init(reactor: Reactor, signals: consuming SignalDescriptor, onSignal: @escaping () -> Void) throws(Errno) {
        self.reactor = reactor
        self.onSignal = onSignal
        let raw = signals.descriptor.raw
        self.signals = signals
        registration = try reactor.register(raw, .read, handler: self)
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        while signals.next() != nil { onSignal() }
    }

    func stop() { reactor.remove(&registration) }
}
