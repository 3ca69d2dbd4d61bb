// SPDX-License-Identifier: Apache-2.0

/// What a pidfd tells.
final class ProcessExit {
    weak var watcher: SimulatedKernel?
    private(set) var hasEnded = false

    func end() {
        hasEnded = true
        watcher?.changed()
    }
}
