// SPDX-License-Identifier: Apache-2.0

import Shared

/// What came of one token, and how, in a form for people and one for programs.
struct Explanation {
    enum Result: String {
        case accepted
        case refused
        case notOurs = "not-ours"
        case invalidConfiguration = "invalid-configuration"

        var exitCode: Int32 {
            switch self {
            case .accepted: ExitCode.success
            case .refused: ExplainRequest.refused
            case .notOurs: ExplainRequest.notOurs
            case .invalidConfiguration: ExitCode.configuration
            }
        }
    }

    let result: Result
    let user: UserInfo?
    let reason: String
    private let steps: [JudgementTrace.Step]

    init(invalidConfiguration problems: [String]) {
        result = .invalidConfiguration
        user = nil
        reason = problems.joined(separator: "; ")
        steps = problems.map { JudgementTrace.Step(check: "configuration", outcome: .failed, detail: $0) }
    }

    /// - Parameters:
    ///   - isGateway: whether the gateway's own rules for users count; else what they would say is only told.
    ///   - isWithoutGroups: whether it was judged without its groups, which lie elsewhere.
    init(
        _ verdict: TokenJudge.Verdict, policy: AuthenticationPolicy, limits: IdentityLimits, isGateway: Bool,
        isWithoutGroups: Bool = false, trace: JudgementTrace
    ) {
        switch verdict {
        case .notOurs(let refusal): (result, user, reason) = (.notOurs, nil, Self.reason(refusal))
        case .refused(let refusal): (result, user, reason) = (.refused, nil, Self.reason(refusal))
        case .needsKeys:
            (result, user) = (.refused, nil)
            reason = "key-unknown: none of the issuer's keys at hand fits the token"
        case .user(let verified):
            let refusal = Self.gatewayRefusal(of: verified.user, policy, limits, trace)
            if let refusal, isGateway {
                (result, user, reason) = (.refused, nil, Self.reason(refusal))
            } else {
                (result, user) = (.accepted, verified.user)
                reason =
                    refusal.map { "the gateway would still refuse this user: \(Self.reason($0))" }
                    ?? (isWithoutGroups ? "without the user's groups, which a gateway would fetch and judge" : "")
            }
        }
        steps = trace.steps
    }

    /// What the gateway demands of a user beyond kube-apiserver's rules.
    private static func gatewayRefusal(
        of user: UserInfo, _ policy: AuthenticationPolicy, _ limits: IdentityLimits, _ trace: JudgementTrace
    ) -> Refusal? {
        do throws(Refusal) {
            trace.begin("gateway: reserved names")
            try policy.checkReserved(user)
            trace.begin("gateway: impersonation", "adds the group \(UserInfo.authenticatedGroup)")
            _ = try ImpersonationHeader.render(user.authenticated, limits: limits)
            return nil
        } catch {
            trace.fail(error.message)
            return error
        }
    }

    private static func reason(_ refusal: Refusal) -> String { "\(refusal.reason.rawValue): \(refusal.message)" }

    // MARK: Printing

    var json: String {
        let steps = self.steps.map { step in
            #"{"check":\#(JSONValue.quoted(step.check)),"result":"\#(step.outcome.rawValue)","#
                + #""detail":\#(JSONValue.quoted(step.detail))}"#
        }
        return #"{"result":"\#(result.rawValue)","user":\#(user.map(Self.json) ?? "null"),"#
            + #""reason":\#(JSONValue.quoted(reason)),"steps":[\#(steps.joined(separator: ","))]}"# + "\n"
    }

    private static func json(_ user: UserInfo) -> String {
        let extra = user.extra.sorted { $0.key < $1.key }.map { "\(JSONValue.quoted($0.key)):\(list($0.value))" }
        return #"{"username":\#(JSONValue.quoted(user.username)),"uid":\#(JSONValue.quoted(user.uid ?? "")),"#
            + #""groups":\#(list(user.groups)),"extra":{\#(extra.joined(separator: ","))}}"#
    }

    private static func list(_ strings: [String]) -> String {
        "[" + strings.map(JSONValue.quoted).joined(separator: ",") + "]"
    }

    var text: String {
        let width = steps.map(\.check.count).max() ?? 0
        var text = ""
        for step in steps {
            let padding = String(repeating: " ", count: width - step.check.count)
            text += "\(step.outcome.rawValue)  \(step.check)\(padding)  \(step.detail)\n"
        }
        text += "\nresult: \(result.rawValue)\n"
        if !reason.isEmpty { text += "reason: \(reason)\n" }
        guard let user else { return text }
        text += "username: \(JSONValue.quoted(user.username))\n"
        if let uid = user.uid, !uid.isEmpty { text += "uid: \(JSONValue.quoted(uid))\n" }
        for group in user.groups { text += "group: \(JSONValue.quoted(group))\n" }
        for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) {
            text += "extra: \(key): \(Self.list(values))\n"
        }
        return text
    }
}
