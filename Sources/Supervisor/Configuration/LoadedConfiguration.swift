// SPDX-License-Identifier: Apache-2.0

import Shared

/// A configuration that passed all checks, ready to be handed to children.
struct LoadedConfiguration: Sendable {
    var configuration: GatewayConfiguration
    /// The absolute path of the file it was read from; nil when it came from flags.
    var sourceFile: String?
    /// The configuration as the children read it.
    var json: [UInt8]
    /// Where each setting was made, by key path; `LoadReport` finds a place for the others.
    var places: [String: ConfigurationProblem.Place] = [:]
}
