// SPDX-License-Identifier: Apache-2.0

#if DEBUG
    import Glibc
    import Shared

    /// Signals by which a test brings a worker of a debug build into trouble, so that the supervisor's answer can be
    /// seen. A release build knows nothing of them.
    final class FaultSignals: EventHandler {
        private let reactor: Reactor
        private let service: GatewayService
        private let signals: SignalDescriptor
        private var registration = Reactor.Registration.none
        private var leaked: [[UInt8]] = []

        /// What SIGUSR1 makes it leak.
        private static let leak = 32 * 1_048_576

        init(reactor: Reactor, service: GatewayService) throws(Errno) {
            self.reactor = reactor
            self.service = service
            signals = try SignalDescriptor([SIGUSR1, SIGUSR2, SIGHUP])
            registration = try reactor.register(signals.descriptor.raw, .read, handler: self)
        }

        func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
            while let signal = signals.next() {
                switch signal {
                case SIGUSR1: leaked.append([UInt8](repeating: 1, count: Self.leak))
                // The loop never turns again. It sleeps, and long: who looks shall not find it waking.
                case SIGUSR2: while leaked.count >= 0 { sleep(3_600) }
                default: service.breakProtocol()
                }
            }
        }

        func stop() { reactor.remove(&registration) }
    }

    extension GatewayService {
        /// Claims a connection that it was never given.
        func breakProtocol() { _ = say(.claimed([.max])) }
    }
#endif
