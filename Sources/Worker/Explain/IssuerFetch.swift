// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// Fetches one issuer's keys, for `explain` without key sets at hand: the same fetcher and the same machine as the
/// keyring's, until the first answer.
final class IssuerFetch: KeyFetcherOwner {
    private let reactor: Reactor
    private let issuer: IssuerPolicy
    private var machine: KeyringStateMachine
    private var fetcher: KeyFetcher?
    private var outcome: Result<KeySet, FetchFailure> = .failure(.timedOut)

    private init(_ issuer: IssuerPolicy) throws(Errno) {
        reactor = Reactor(kernel: try LinuxKernel())
        self.issuer = issuer
        machine = KeyringStateMachine(
            issuers: [.init(issuer: issuer.url, discoveryURL: issuer.discoveryURL)], settings: .init(),
            deadlines: .init(), now: reactor.now)
    }

    static func keys(of issuer: IssuerPolicy) throws -> KeySet {
        let fetch = try IssuerFetch(issuer)
        let fetcher = try KeyFetcher(reactor: fetch.reactor, owner: fetch)
        fetch.fetcher = fetcher
        fetch.perform(fetch.machine.tick(now: fetch.reactor.now))
        fetch.reactor.run()
        fetcher.cancelAll()
        do throws(FetchFailure) {
            return try fetch.outcome.get()
        } catch {
            throw ExplainService.Impossible(
                description: "the keys of \(issuer.url) cannot be fetched (\(error)); write --jwks")
        }
    }

    func fetched(issuer: Int, _ result: Result<[UInt8], FetchFailure>, maxAge: Duration?, now: Instant) {
        perform(
            machine.finished(
                issuer: issuer, result, maxAge: maxAge, now: now, wallClock: reactor.kernel.wallClock(), jitter: 0))
    }

    private func perform(_ actions: [KeyringStateMachine.Action]) {
        for action in actions {
            switch action {
            case .get(let issuer, let url, let deadline):
                fetcher?.fetch(issuer: issuer, url: url, authority: self.issuer.authority, deadline: deadline)
            case .publish(_, let document):
                if let keys = try? KeySet(document: Array(document.utf8)) { end(.success(keys)) }
            case .report(.failed(_, let failure, _, _)): end(.failure(failure))
            case .report: break
            }
        }
    }

    private func end(_ outcome: Result<KeySet, FetchFailure>) {
        self.outcome = outcome
        reactor.stop()
    }
}
