// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// A listener that nobody accepts from and whose backlog is full: the next SYN gets no answer.
final class FullBacklog {
    let endpoint: Endpoint
    private let listener: SilentListener
    private var fillers: [RawClient] = []

    init(on endpoint: Endpoint) throws {
        listener = try SilentListener(on: endpoint, backlog: 1)
        self.endpoint = endpoint
        // A backlog of n takes n + 1 connections; the first that gets no answer says that it is full.
        for _ in 0..<8 {
            guard let filler = try? RawClient.connect(to: endpoint, by: .after(.milliseconds(300))) else { return }
            fillers.append(filler)
        }
        throw HarnessError.unexpected("the backlog does not fill")
    }

    func close() {
        for filler in fillers { filler.wire.close() }
        listener.close()
    }
}
