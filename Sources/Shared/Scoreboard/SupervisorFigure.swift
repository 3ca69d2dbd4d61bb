// SPDX-License-Identifier: Apache-2.0

/// The figures of the supervisor's own panel. New ones go at the end: the order is the layout.
package enum SupervisorFigure: Int, CaseIterable, Sendable {
    /// Client connections, as the hand-off's ledger counts them.
    case accepted
    case handed
    case claimed
    case closedUnclaimed
    case redelivered
    case lost
    /// Accepted and neither claimed nor ended, now.
    case unclaimed
    /// Children started.
    case spawns
    /// Gateway workers that there should be.
    case slots
    /// 1: a shutdown has begun.
    case stopping
    /// Generation of the newest set of keys; 0: none yet.
    case newestKeys
    /// The supervisor's own anonymous memory, in bytes.
    case memoryBytes
    /// When it started, in seconds since 1970.
    case startedAt
    /// Connections reset because their address held, or began, too many; addresses kept track of now.
    case refusedConnections
    case refusedRate
    case trackedAddresses
    /// How often nothing could be accepted for want of descriptors.
    case descriptorPauses
    /// Reloads, restarts and upgrades that ended, well or not.
    case reloadsDone
    case reloadsFailed
    case restartsDone
    case restartsFailed
    case upgradesDone
    case upgradesFailed
    /// Log lines that standard error did not take.
    case logLinesLost
    /// Connections reset because their address had too many that said nothing; and those whose copies were given up.
    case refusedUnclaimed
    case forgotten
    /// How often accepting paused, by reason.
    case pausesHeld
    case pausesCredits
    case pausesUnclaimed
    case pausesDescriptors
    /// The same of the admin listener.
    case adminRefusedConnections
    case adminRefusedUnclaimed
    case adminForgotten
    case adminPausesHeld
    case adminPausesCredits
    case adminPausesUnclaimed
    case adminPausesDescriptors
}
