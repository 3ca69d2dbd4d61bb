// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// SubjectAccessReview and TokenReview, by rules of the stand-in's own, or without an answer.
///
/// Members of the group `developers` may impersonate everybody but `root`, every group but `admins` and those that begin
/// with `system:masters`, every service account, uid and extra. The token `stand-in-token-NAME` is NAME's, in the group
/// `robots`. `POST /stand-in/reviews/hang` makes both never answer, `POST /stand-in/reviews/answer` makes them answer again.
final class Reviews {
    private static let tokenPrefix = "stand-in-token-"
    private var hangs = false
    private let statistics = StandInStatistics()

    func routes() -> [Route] {
        [
            Route(.POST, "/apis/authorization.k8s.io/v1/subjectaccessreviews") { [self] _, _ in
                answered { self.access($0) }
            },
            Route(.POST, "/apis/authentication.k8s.io/v1/tokenreviews") { [self] _, _ in
                answered { self.token($0) }
            },
            Route(.GET, "/stand-in/reviews") { [self] _, _ in
                BufferedEndpoint { _ in .json(["hanging": .int(self.statistics.hanging)]) }
            },
            Route(.POST, "/stand-in/reviews/{mode}") { [self] request, modes in
                guard request.fromLoopback, ["hang", "answer"].contains(modes[0]) else {
                    return BufferedEndpoint(.failure(.badRequest, "write hang or answer"))
                }
                hangs = modes[0] == "hang"
                return BufferedEndpoint(.text(modes[0]))
            },
        ]
    }

    private func answered(_ answer: @escaping (JSON) -> JSON) -> any Endpoint {
        if hangs { return HangEndpoint(statistics) }
        return BufferedEndpoint { body in
            guard var review = try? JSON(parsing: body.readableBytesView), review["spec"] != nil else {
                return .failure(.badRequest, "the body is no review")
            }
            review["status"] = answer(review["spec"] ?? .null)
            return .json(review, status: .created)
        }
    }

    private func access(_ spec: JSON) -> JSON {
        let attributes = spec["resourceAttributes"] ?? .null
        let name = attributes["name"]?.text ?? ""
        let mayImpersonate = (spec["groups"]?.elements ?? []).contains("developers")
        let isFree =
            switch attributes["resource"]?.text {
            case "users": name != "root"
            case "groups": name != "admins" && !name.hasPrefix("system:masters")
            case "serviceaccounts": attributes["namespace"]?.text != nil
            case "uids", "userextras": attributes["group"]?.text == "authentication.k8s.io"
            default: false
            }
        let isAllowed = attributes["verb"]?.text == "impersonate" && mayImpersonate && isFree
        return ["allowed": .bool(isAllowed), "reason": .string(isAllowed ? "by the stand-in's rules" : "")]
    }

    private func token(_ spec: JSON) -> JSON {
        guard let token = spec["token"]?.text, token.hasPrefix(Self.tokenPrefix) else {
            return ["authenticated": false, "error": "unknown token"]
        }
        return [
            "authenticated": true, "audiences": spec["audiences"] ?? [],
            "user": [
                "username": .string(String(token.dropFirst(Self.tokenPrefix.count))), "uid": "stand-in",
                "groups": ["robots", "system:authenticated"],
            ],
        ]
    }
}
