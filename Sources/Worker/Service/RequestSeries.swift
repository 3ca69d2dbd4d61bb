// SPDX-License-Identifier: Apache-2.0

/// How requests are counted: by protocol, verb and status. The index of a series is its place in `PanelTable.requests`;
/// new values go at the end of their list.
struct RequestSeries: Equatable, Hashable, Sendable {
    enum Transport: Int, CaseIterable, Sendable {
        case http1
        case http2

        /// As ALPN calls it.
        var name: String { self == .http1 ? "http/1.1" : "h2" }
    }

    enum Verb: Int, CaseIterable, Sendable {
        case get
        case list
        case watch
        case create
        case update
        case patch
        case delete
        case deletecollection
        case post
        case put
        case other

        var name: String { "\(self)" }

        init(_ verb: KubernetesVerb) {
            switch verb {
            case .get, .method(.get), .method(.head): self = .get
            case .list: self = .list
            case .watch: self = .watch
            case .create: self = .create
            case .update: self = .update
            case .patch, .method(.patch): self = .patch
            case .delete, .method(.delete): self = .delete
            case .deletecollection: self = .deletecollection
            case .method(.post): self = .post
            case .method(.put): self = .put
            case .proxy, .none, .method: self = .other
            }
        }
    }

    /// Statuses with a series of their own. Before them stands "no response at all", behind them all others.
    private static let codes = [
        101, 200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 414, 415, 422, 429,
        431, 500, 501, 502, 503, 504,
    ]
    private static let codeWords = 32
    private static let verbWords = 12

    var transport: Transport
    var verb: Verb
    /// 0: none was sent.
    private var code: Int

    /// - Parameter status: 0: the client left without a response.
    init(_ transport: Transport, _ verb: Verb, status: Int) {
        self.transport = transport
        self.verb = verb
        code = status == 0 ? 0 : (Self.codes.firstIndex(of: status) ?? Self.codes.count) + 1
    }

    /// The series at a place; nil: none lies there.
    init?(index: Int) {
        let rest = index / Self.codeWords
        guard index >= 0, let transport = Transport(rawValue: rest / Self.verbWords),
            let verb = Verb(rawValue: rest % Self.verbWords), index % Self.codeWords <= Self.codes.count + 1
        else { return nil }
        self.transport = transport
        self.verb = verb
        code = index % Self.codeWords
    }

    var index: Int { (transport.rawValue * Self.verbWords + verb.rawValue) * Self.codeWords + code }

    /// The label's value: the status, `none` or `other`.
    var codeName: String {
        if code == 0 { return "none" }
        return code <= Self.codes.count ? "\(Self.codes[code - 1])" : "other"
    }
}
