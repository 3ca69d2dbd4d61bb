// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1

/// Stands in for a router that can only be made once its server's port is known.
final class LateRouter: Router {
    var router: (any Router)?

    func endpoint(for request: Request) -> any Endpoint {
        router?.endpoint(for: request) ?? BufferedEndpoint(.failure(.serviceUnavailable, "not started yet"))
    }

    func webSocket(for request: Request) -> WebSocketService? { router?.webSocket(for: request) }
}
