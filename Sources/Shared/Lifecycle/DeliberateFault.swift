// SPDX-License-Identifier: Apache-2.0

/// Errors that one could make here, each at the spot that asks for it: the simulator must find every one of them.
///
/// The environment of a debug build's process switches one on (`LYCHGATE_FAULT=name`). In a release build `isOn` folds to
/// false at each spot: nothing is asked, and the environment is not read.
package enum DeliberateFault: String, CaseIterable, Sendable {
    // An exchange and what it owns
    case upstreamLivesOn
    case upstreamAlwaysReused
    case rowNotGivenBack
    case staysAmongKeyWaiters
    case staysAmongPoolWaiters
    case connectingUpstreamForgotten
    case timerNotCancelled
    case deadlineForgotten
    case retriesAnything
    case retryKeepsUpstream
    case impersonationIgnored
    case statusOfAnother
    // The client's side
    case hangupIgnored
    case hangupNotWatched
    case openDeadlineForgotten
    case idleDeadlineForgotten
    case fieldsOfAnother
    case flushOutlivesSession
    case cutLooksWhole
    case keepAliveNotSet
    case interimToOldClients
    // Tunnels
    case halfCloseEndsTunnel
    case tunnelEndNotTold
    case tunnelIdleForgotten
    case earlyTunnelBytesLost
    case anyUpgradeAgreed
    // HTTP/2
    case streamResetIgnored
    case gapInBodyIgnored
    // The codec
    case truncationIsEnd
    case byteLost
    case foreignFieldsPass
    // The upstream pool
    case idleExpiryForgotten
    case poolBoundIgnored
    case strayBytesIgnored
    case failureToldForEver
    case closeNotCounted
    // Identity
    case expiryIgnored
    case signatureIgnored
    case cacheMixesTokens
    case withdrawnKeysStay
    case refreshForgotten
    // Hand-off and supervision
    case claimsTooEarly
    case closeNotReported
    case creditCountedTwice
    case creditLimitIgnored
    case readConnectionsRedelivered
    case unreadConnectionsLost
    case copyDroppedAtHandOver
    case lostSocketNotReturned
    case keysNotPassed
    case drainDeadlineForgotten
    case poolOutlivesWorker
    case drainsBeforeReady
    case replacementNotEnded
    case rollForgetsFailure
    case oldKeyringStays
    case memoryNotWatched
    case secondSignalIgnored
    // The loop
    case timerSlotHidden
    case registrationNotRemoved

    /// Whether this one is wanted.
    @inlinable package static func isOn(_ fault: DeliberateFault) -> Bool {
        #if DEBUG
            return active == fault
        #else
            return false
        #endif
    }

    #if DEBUG
        @usableFromInline static let active = ProcessEnvironment.value("LYCHGATE_FAULT").flatMap(Self.init)
    #endif
}
