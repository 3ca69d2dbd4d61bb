// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// `/hang`: reads the request and never answers. The client's leaving is the only end.
final class HangEndpoint: Endpoint {
    private let statistics: StandInStatistics

    init(_ statistics: StandInStatistics) {
        self.statistics = statistics
    }

    func begin(_ reply: Reply) {
        statistics.hanging += 1
    }

    func cancel() {
        statistics.hanging -= 1
    }
}
