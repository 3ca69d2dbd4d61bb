// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1

/// Chooses what serves a request.
protocol Router: AnyObject {
    func endpoint(for request: Request) -> any Endpoint
    /// What a request for a WebSocket becomes; nil: it is served as any other.
    func webSocket(for request: Request) -> WebSocketService?
}

extension Router {
    func webSocket(for request: Request) -> WebSocketService? { nil }
}

/// One line of a router's table: a method (nil: any) and a path, in which `{…}` stands for any one segment.
struct Route {
    let method: HTTPMethod?
    let segments: [Substring]
    let make: (Request, [String]) -> any Endpoint

    init(_ method: HTTPMethod?, _ path: String, _ make: @escaping (Request, [String]) -> any Endpoint) {
        self.method = method
        self.segments = path.split(separator: "/")
        self.make = make
    }

    /// What stood where the braces are; nil: the path is another one.
    func match(_ path: [String]) -> [String]? {
        guard path.count == segments.count else { return nil }
        var values: [String] = []
        for (segment, actual) in zip(segments, path) {
            if segment.hasPrefix("{") {
                values.append(actual)
            } else if segment != actual {
                return nil
            }
        }
        return values
    }
}

extension [Route] {
    /// The endpoint of the first route that fits: 404 without one, 405 if only the method is wrong. HEAD is served as
    /// GET.
    func endpoint(for request: Request) -> any Endpoint {
        var pathKnown = false
        for route in self {
            guard let values = route.match(request.path) else { continue }
            pathKnown = true
            let method = request.method == .HEAD ? .GET : request.method
            if route.method == nil || route.method == method { return route.make(request, values) }
        }
        return BufferedEndpoint(
            pathKnown
                ? .failure(.methodNotAllowed, "the server does not allow this method on the requested resource")
                : .failure(.notFound, "the server could not find the requested resource"))
    }
}
