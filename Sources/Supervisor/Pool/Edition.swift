// SPDX-License-Identifier: Apache-2.0

import Shared

/// What children are started with: one configuration, the launcher that passes it on, and the keyring whose keys its
/// workers are given. There are two while the pool goes over from one to the next.
final class Edition {
    let configuration: GatewayConfiguration
    let launcher: any ChildLauncher
    let keyring: KeyringPost
    /// Gateway workers that there should be.
    let workers: Int
    /// Connections that one worker is given at most.
    let credits: Int

    init(
        _ configuration: GatewayConfiguration, launcher: any ChildLauncher, keyring: KeyringPost, workers: Int,
        credits: Int
    ) {
        self.configuration = configuration
        self.launcher = launcher
        self.keyring = keyring
        self.workers = workers
        self.credits = credits
    }
}
