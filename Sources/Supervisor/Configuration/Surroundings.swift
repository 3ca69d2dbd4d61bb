// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What loading a configuration takes from the process and its machine, as values so that tests can set them.
struct Surroundings: Sendable {
    var workingFolder: String
    var environment: [String: String]
    /// Where the kubelet puts a pod's service account.
    var serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    static var current: Surroundings {
        Surroundings(
            workingFolder: FileManager.default.currentDirectoryPath, environment: ProcessInfo.processInfo.environment)
    }
}
