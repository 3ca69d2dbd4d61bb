// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1

extension Response {
    /// A failure as Kubernetes says it: a `metav1.Status` (apimachinery/pkg/apis/meta/v1/types.go).
    static func failure(_ status: HTTPResponseStatus, _ message: String) -> Response {
        let reason: JSON =
            switch status {
            case .unauthorized: "Unauthorized"
            case .forbidden: "Forbidden"
            case .notFound: "NotFound"
            case .methodNotAllowed: "MethodNotAllowed"
            case .conflict: "AlreadyExists"
            case .badRequest: "BadRequest"
            case .unsupportedMediaType: "UnsupportedMediaType"
            case .payloadTooLarge: "RequestEntityTooLarge"
            default: ""
            }
        return .json(
            [
                "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
                "message": .string(message), "reason": reason, "code": .int(Int(status.code)),
            ], status: status)
    }
}
