// SPDX-License-Identifier: Apache-2.0

import Shared

/// What the admin listener shows, by path.
struct AdminPages {
    let board: PanelBoard
    /// The listeners' names, in the configuration's order.
    let listeners: [String]

    func answer(to request: AdminRequest, now: Instant, wallClock: Int64) -> AdminResponse {
        guard request.method != .other else {
            var refusal = AdminResponse(status: 405, text: "method not allowed\n")
            refusal.field = "Allow: GET, HEAD"
            return refusal
        }
        var response = page(request, now: now, wallClock: wallClock)
        response.isHead = request.method == .head
        return response
    }

    private func page(_ request: AdminRequest, now: Instant, wallClock: Int64) -> AdminResponse {
        let path = request.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        if request.path == "/metrics" {
            var response = AdminResponse(
                text: MetricsPage(board: board, listeners: listeners, now: now, wallClock: wallClock).text)
            response.contentType = "text/plain; version=0.0.4; charset=utf-8"
            return response
        }
        guard let first = path.first, let endpoint = HealthEndpoint(rawValue: first) else {
            return AdminResponse(status: 404, text: "404 page not found\n")
        }
        let report = HealthReport(endpoint, HealthFacts(board: board, now: now))
        switch path.count {
        case 1: return report.answer(to: request)
        case 2: return report.answer(about: path[1]) ?? AdminResponse(status: 404, text: "404 page not found\n")
        default: return AdminResponse(status: 404, text: "404 page not found\n")
        }
    }
}
