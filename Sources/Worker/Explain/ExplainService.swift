// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Shared

/// The role `explain`: judges one token by the very code that gateway workers run, and says what each check found. It
/// prints nothing out of the token but the user that it stands for.
enum ExplainService {
    static func run() -> Int32 {
        do {
            let document = try MemoryFile.read(FileDescriptor(owning: ControlProtocol.configurationDescriptor))
            let request = try JSONDecoder().decode(ExplainRequest.self, from: Data(document))
            let explanation = try explain(request)
            try StandardStream.writeOutput(Array((request.isJSON ? explanation.json : explanation.text).utf8))
            return explanation.result.exitCode
        } catch {
            StandardStream.writeError(Array("lychgate: explain: \(error)\n".utf8))
            return ExitCode.failure
        }
    }

    /// Why nothing can be said of the token at all.
    struct Impossible: Error, CustomStringConvertible {
        let description: String
    }

    /// More than any token that is looked at, with its blanks.
    private static let maximumTokenBytes = 262_144

    private static func explain(_ request: ExplainRequest) throws -> Explanation {
        let policy = AuthenticationPolicy(request.authentication)
        let problems = request.problems + policy.problems.map(\.description)
        guard problems.isEmpty else { return Explanation(invalidConfiguration: problems) }
        let token = try token(request)
        let now = try request.now ?? Double(LinuxKernel().wallClock())
        let limits = request.limits.map(IdentityLimits.init) ?? IdentityLimits()
        let judge = TokenJudge(policy: policy, limits: limits)
        var keys = try keySets(request, policy)
        if request.keySets.isEmpty, case .needsKeys(let issuer) = judge.judge(token.span, keys: .none, now: now) {
            keys = try IssuerFetch.keys(of: policy.issuers[issuer])
        }
        var trace = beginTrace(policy)
        var verdict = judge.judge(token.span, keys: keys, now: now, trace: trace)
        var isWithoutGroups = false
        // A token that is good, but for groups that lie elsewhere: nobody is asked for them, and all else is judged.
        if case .refused(let refusal) = verdict, refusal.reason == .distributedClaims,
            let source = judge.distributedGroups(token.span)
        {
            isWithoutGroups = true
            trace = beginTrace(policy)
            verdict = judge.judge(
                token.span, keys: keys, now: now, trace: trace, expanded: (source.claim, .null))
            trace.skip("groups", "claim \(source.claim) would be fetched from \(source.place)")
        }
        return Explanation(
            verdict, policy: policy, limits: limits, isGateway: request.isGateway, isWithoutGroups: isWithoutGroups,
            trace: trace)
    }

    private static func beginTrace(_ policy: AuthenticationPolicy) -> JudgementTrace {
        let trace = JudgementTrace()
        trace.begin("configuration", "\(policy.issuers.count) issuers")
        return trace
    }

    private static func token(_ request: ExplainRequest) throws -> [UInt8] {
        var bytes: [UInt8]
        do throws(Errno) {
            bytes =
                if let path = request.tokenFile { try FileReader.read(path) } else {
                    // Children have no standard input; the command's own comes in the place of a control channel.
                    try StandardStream.readInput(
                        atMost: maximumTokenBytes, from: ControlProtocol.channelDescriptor)
                }
        } catch {
            throw Impossible(description: "the token cannot be read: \(error)")
        }
        let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        while let last = bytes.last, blanks.contains(last) { bytes.removeLast() }
        return Array(bytes.drop { blanks.contains($0) })
    }

    private static func keySets(_ request: ExplainRequest, _ policy: AuthenticationPolicy) throws -> KeySet {
        var issuers: [IssuerKeys] = []
        for issuer in policy.issuers {
            let own = request.keySets.last { $0.issuer?.isExactly(issuer.url) ?? false }
            guard let set = own ?? request.keySets.last(where: { $0.issuer == nil }) else { continue }
            guard let jwks = try? JSONValue.parse(Array(set.document.utf8)),
                let keys = try? IssuerKeys(
                    issuer: issuer.url, fetchedAt: 0, fetches: nil, jwks: jwks)
            else { throw Impossible(description: "--jwks: the document is no JSON Web Key Set") }
            issuers.append(keys)
        }
        return KeySet(generation: 1, issuers: issuers)
    }
}
