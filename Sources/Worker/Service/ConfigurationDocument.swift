// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Shared

/// The configuration as the supervisor hands it over: JSON of `GatewayConfiguration`.
enum ConfigurationDocument {
    static func decode(_ bytes: [UInt8]) throws -> GatewayConfiguration {
        try JSONDecoder().decode(GatewayConfiguration.self, from: Data(bytes))
    }
}
