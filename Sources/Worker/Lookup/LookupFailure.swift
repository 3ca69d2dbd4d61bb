// SPDX-License-Identifier: Apache-2.0

/// Why a look-up brought no answer. Says nothing of what was asked, so it may be logged.
enum LookupFailure: Error, Equatable, Sendable {
    /// As many as may be go on and wait.
    case tooMany
    /// The service's name has no address, or its credentials cannot be read.
    case unavailable(String)
    /// No connection, TLS refused, or the connection broke: curl's own words.
    case transfer(String)
    case timedOut
    /// An answer with a status that none should have.
    case status(Int)
    /// The answer is longer than `LookupRequest.maximumBytes`.
    case tooLarge
    /// The answer is not what the protocol says.
    case malformed(String)

    init(_ failure: CurlFailure) {
        self =
            switch failure {
            case .tooLarge: .tooLarge
            case .timedOut: .timedOut
            case .transfer(let words): .transfer(words)
            }
    }

    /// A stable name for logs.
    var name: String {
        switch self {
        case .tooMany: "too-many"
        case .unavailable(let text): "unavailable: \(text)"
        case .transfer(let text): "transfer-failed: \(text)"
        case .timedOut: "timed-out"
        case .status(let status): "status-\(status)"
        case .tooLarge: "answer-too-large"
        case .malformed(let text): "answer-malformed: \(text)"
        }
    }
}
