// SPDX-License-Identifier: Apache-2.0

/// Why an issuer's keys could not be fetched.
enum FetchFailure: Error, Equatable {
    /// No connection, TLS refused, or the connection broke: curl's own words.
    case transfer(String)
    case timedOut
    /// An answer other than 200.
    case status(Int)
    /// The answer is longer than `KeyFetcher.maximumBytes`.
    case tooLarge
    case discoveryMalformed
    /// The document names another issuer than the configured one.
    case issuerMismatch
    /// `jwks_uri` is missing or not an https URL.
    case keysAddress
    case keysMalformed
    /// Not one key of the set can verify a signature.
    case noUsableKey

    init(_ failure: CurlFailure) {
        self =
            switch failure {
            case .tooLarge: .tooLarge
            case .timedOut: .timedOut
            case .transfer(let words): .transfer(words)
            }
    }

    /// A stable name for logs and metrics.
    var name: String {
        switch self {
        case .transfer: "transfer-failed"
        case .timedOut: "timed-out"
        case .status(let status): "status-\(status)"
        case .tooLarge: "answer-too-large"
        case .discoveryMalformed: "discovery-malformed"
        case .issuerMismatch: "issuer-mismatch"
        case .keysAddress: "jwks-uri-not-https"
        case .keysMalformed: "jwks-malformed"
        case .noUsableKey: "no-usable-key"
        }
    }
}
