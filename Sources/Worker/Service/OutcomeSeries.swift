// SPDX-License-Identifier: Apache-2.0

import Shared

/// Requests that ended before their time, by whose doing and in which phase: places in `PanelTable.cancellations`.
struct CancellationSeries: Equatable, Hashable, Sendable {
    enum Cause: Int, CaseIterable, Sendable {
        /// The client left.
        case client
        /// The end of a drain.
        case gateway
        /// `lychgate kill`.
        case `operator`

        var name: String { "\(self)" }
    }

    private static let phaseWords = 8

    let cause: Cause
    let phase: ExchangePhase

    init(_ cause: Cause, _ phase: ExchangePhase) {
        self.cause = cause
        self.phase = phase
    }

    init?(index: Int) {
        guard let cause = Cause(rawValue: index / Self.phaseWords),
            let phase = ExchangePhase(rawValue: UInt64(index % Self.phaseWords))
        else { return nil }
        self.init(cause, phase)
    }

    var index: Int { cause.rawValue * Self.phaseWords + Int(phase.rawValue) }
}

/// Deadlines that passed, by what was waited for: places in `PanelTable.deadlines`.
enum DeadlineSeries: Equatable, Hashable, Sendable {
    case exchange(Stage)
    case tlsHandshake
    case requestHead
    /// The client did not take an answer's last bytes.
    case lastBytes

    /// Where the stages of exchanges end.
    private static let connectionStages = 20

    init?(index: Int) {
        switch index {
        case 0..<Stage.allCases.count: self = .exchange(Stage.allCases[index])
        case Self.connectionStages: self = .tlsHandshake
        case Self.connectionStages + 1: self = .requestHead
        case Self.connectionStages + 2: self = .lastBytes
        default: return nil
        }
    }

    var index: Int {
        switch self {
        case .exchange(let stage): Stage.allCases.firstIndex(of: stage) ?? 0
        case .tlsHandshake: Self.connectionStages
        case .requestHead: Self.connectionStages + 1
        case .lastBytes: Self.connectionStages + 2
        }
    }

    /// The label's value.
    var name: String {
        switch self {
        case .exchange(let stage): stage.rawValue
        case .tlsHandshake: "tls_handshake"
        case .requestHead: "request_head"
        case .lastBytes: "last_bytes"
        }
    }
}

/// Judgements of credentials: places in `PanelTable.authentication`.
enum AuthenticationSeries: Equatable, Hashable, Sendable {
    case noCredentials
    case accepted
    /// No key of the issuer could decide.
    case noKey
    /// Too many wait for keys already.
    case crowded
    case refused(Refusal.Reason)
    /// Said by another service, or by a client's certificate.
    case other(Method, accepted: Bool)
    /// Nobody could be asked.
    case lookupFailed
    /// Let in without credentials.
    case anonymous

    enum Method: Int, CaseIterable, Sendable {
        case tokenReview
        case introspection
        case certificate

        var name: String {
            switch self {
            case .tokenReview: "token-review"
            case .introspection: "introspection"
            case .certificate: "x509"
            }
        }
    }

    private static let firstReason = 3
    /// Behind the reasons, with room for more of them.
    private static let firstOther = 56
    private static let failed = 63
    private static let nobody = 55
    private static let waiting = 54

    init?(index: Int) {
        switch index {
        case 0: self = .noCredentials
        case 1: self = .accepted
        case 2: self = .noKey
        case Self.failed: self = .lookupFailed
        case Self.nobody: self = .anonymous
        case Self.waiting: self = .crowded
        case Self.firstOther...:
            guard let method = Method(rawValue: (index - Self.firstOther) / 2) else { return nil }
            self = .other(method, accepted: index % 2 == 0)
        default:
            let reason = index - Self.firstReason
            guard Refusal.Reason.allCases.indices.contains(reason) else { return nil }
            self = .refused(Refusal.Reason.allCases[reason])
        }
    }

    var index: Int {
        switch self {
        case .noCredentials: 0
        case .accepted: 1
        case .noKey: 2
        case .other(let method, let accepted): Self.firstOther + 2 * method.rawValue + (accepted ? 0 : 1)
        case .lookupFailed: Self.failed
        case .anonymous: Self.nobody
        case .crowded: Self.waiting
        case .refused(let reason): Self.firstReason + (Refusal.Reason.allCases.firstIndex(of: reason) ?? 0)
        }
    }

    var method: String {
        switch self {
        case .noCredentials: "none"
        case .accepted, .noKey, .crowded, .refused: "jwt"
        case .other(let method, _): method.name
        case .lookupFailed: "look-up"
        case .anonymous: "anonymous"
        }
    }

    var isAccepted: Bool {
        switch self {
        case .accepted, .anonymous, .other(_, accepted: true): true
        default: false
        }
    }

    var result: String { isAccepted ? "accepted" : "refused" }

    /// Empty: there is nothing to say.
    var reason: String {
        switch self {
        case .noCredentials: "no-credentials"
        case .accepted, .anonymous: ""
        case .noKey: "key-unknown"
        case .crowded: "too-many-waiting"
        case .refused(let reason): reason.rawValue
        case .other(_, let accepted): accepted ? "" : "refused"
        case .lookupFailed: "look-up-failed"
        }
    }
}
