// SPDX-License-Identifier: Apache-2.0

import Shared

extension DeadlinesConfiguration {
    /// Each deadline by its YAML name.
    static var byName: [(name: String, deadline: WritableKeyPath<DeadlinesConfiguration, Duration>)] {
        [
            ("tlsHandshake", \.tlsHandshake), ("requestHead", \.requestHead), ("keepAliveIdle", \.keepAliveIdle),
            ("identity", \.identity), ("upstreamConnect", \.upstreamConnect),
            ("firstResponseByte", \.firstResponseByte), ("request", \.request), ("bodyProgress", \.bodyProgress),
            ("tunnelIdle", \.tunnelIdle), ("drainDelay", \.drainDelay), ("drain", \.drain), ("hardStop", \.hardStop),
            ("workerStart", \.workerStart),
        ]
    }
}
