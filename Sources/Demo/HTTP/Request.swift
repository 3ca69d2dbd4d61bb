// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOHTTP1

/// A request's head, taken apart.
struct Request {
    let head: HTTPRequestHead
    /// The path's segments, percent-decoded.
    let path: [String]
    /// The query's parameters, percent-decoded; of a repeated one the last.
    let query: [String: String]
    private let parameters: [(name: String, value: String)]
    /// The common name in the client's certificate; nil: none was shown.
    let certificateName: String?
    let fromLoopback: Bool

    var method: HTTPMethod { head.method }
    var headers: HTTPHeaders { head.headers }
    var isChunked: Bool { headers[canonicalForm: "transfer-encoding"].contains { $0.lowercased() == "chunked" } }

    init(head: HTTPRequestHead, certificateName: String?, fromLoopback: Bool) {
        self.head = head
        self.certificateName = certificateName
        self.fromLoopback = fromLoopback
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts[0].split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
        parameters = (parts.dropFirst().first?.split(separator: "&") ?? []).map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(sides[0]), Self.decoded(sides.dropFirst().first ?? ""))
        }
        query = Dictionary(parameters.map { ($0.name, $0.value) }) { $1 }
    }

    /// A whole number from 0 on among the query's parameters.
    func count(_ name: String) -> Int? {
        query[name].flatMap(Int.init).flatMap { $0 >= 0 ? $0 : nil }
    }

    /// All values of a parameter that may be repeated, in their order.
    func values(_ name: String) -> [String] {
        parameters.compactMap { $0.name == name ? $0.value : nil }
    }

    func isTrue(_ name: String) -> Bool {
        query[name] == "1" || query[name] == "true"
    }

    private static func decoded(_ text: Substring) -> String {
        text.replacingOccurrences(of: "+", with: " ").removingPercentEncoding ?? String(text)
    }
}
