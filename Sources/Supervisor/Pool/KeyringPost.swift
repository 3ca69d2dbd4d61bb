// SPDX-License-Identifier: Apache-2.0

import Shared

/// A keyring: its slot, the newest keys that it has published, and who waits for newer ones.
final class KeyringPost {
    /// Above every gateway worker's number; later ones count on from here.
    static let firstNumber = 1_000

    let slot: WorkerSlot
    let launcher: any ChildLauncher
    var keys = KeyStore()
    var refresh = RefreshPolicy()
    /// Whose keys were asked for while the keyring could not be told (nil: everybody's).
    var owed: Set<UInt16?> = []

    init(number: Int, launcher: any ChildLauncher, startAllowance: Duration, now: Instant) {
        self.launcher = launcher
        slot = WorkerSlot(number: number, role: .keyring, startAllowance: startAllowance, now: now)
    }
}
