// SPDX-License-Identifier: Apache-2.0

import Shared

/// Requests in flight, as the workers' panels show them.
extension WorkerPool {
    var requestsInFlight: [(process: WorkerProcess, row: ExchangeRow)] {
        gateways.compactMap(\.process).flatMap { process in process.panel.rows().map { (process, $0) } }
    }

    enum Cancellation: Equatable {
        /// Its worker was told.
        case told
        case noSuchRequest
        /// Its worker takes no messages.
        case deaf
    }

    /// Has a worker end one exchange.
    func cancel(_ id: RequestID) -> Cancellation {
        guard let process = gateways.lazy.compactMap(\.process).first(where: { $0.id == id.worker }),
            process.panel.rows().contains(where: { $0.id == id.exchange })
        else { return .noSuchRequest }
        return process.send(.cancel(exchange: id.exchange)) == .sent ? .told : .deaf
    }
}
