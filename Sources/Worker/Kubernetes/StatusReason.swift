// SPDX-License-Identifier: Apache-2.0

/// Why a request failed: `metav1.StatusReason`, with the status code that belongs to it
/// (`k8s.io/apimachinery/pkg/apis/meta/v1/types.go` and `pkg/api/errors`).
enum StatusReason: Sendable, CaseIterable {
    case badRequest
    case unauthorized
    case forbidden
    case notFound
    case methodNotAllowed
    case requestEntityTooLarge
    case tooManyRequests
    case internalError
    case serviceUnavailable
    case timeout
    /// For statuses that have no reason of their own, as 502.
    case unknown

    /// The API's spelling.
    var text: StaticString {
        switch self {
        case .badRequest: "BadRequest"
        case .unauthorized: "Unauthorized"
        case .forbidden: "Forbidden"
        case .notFound: "NotFound"
        case .methodNotAllowed: "MethodNotAllowed"
        case .requestEntityTooLarge: "RequestEntityTooLarge"
        case .tooManyRequests: "TooManyRequests"
        case .internalError: "InternalError"
        case .serviceUnavailable: "ServiceUnavailable"
        case .timeout: "Timeout"
        case .unknown: ""
        }
    }

    /// The reason that goes with an HTTP status.
    init(status: Int) {
        switch status {
        case 400, 414, 417, 431: self = .badRequest
        case 401: self = .unauthorized
        case 403: self = .forbidden
        case 404: self = .notFound
        case 405, 501: self = .methodNotAllowed
        case 413: self = .requestEntityTooLarge
        case 429: self = .tooManyRequests
        case 500: self = .internalError
        case 503: self = .serviceUnavailable
        case 408, 504: self = .timeout
        default: self = .unknown
        }
    }
}
