// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The signals that the supervisor takes as words.
enum SupervisorSignal: CaseIterable {
    /// SIGTERM, SIGINT: stop; a second one at once.
    case terminate
    case interrupt
    /// SIGHUP: certificates, keys and token files may have changed.
    case hangup
    /// SIGUSR1: every exchange in flight, to the log.
    case dump
    /// SIGUSR2: become the program that now lies where this one did.
    case upgrade

    var number: Int32 {
        switch self {
        case .terminate: SIGTERM
        case .interrupt: SIGINT
        case .hangup: SIGHUP
        case .dump: SIGUSR1
        case .upgrade: SIGUSR2
        }
    }

    init?(number: Int32) {
        guard let signal = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = signal
    }
}
