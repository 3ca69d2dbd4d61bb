// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// What the keyring does and when: for each issuer, discovery, then its key set; publication when something changed. The
/// last good set of an issuer is kept for ever: a provider that is down takes nothing away. Pure: no I/O, time and jitter
/// are arguments.
struct KeyringStateMachine {
    /// A whole fetch (discovery and keys together) may take this long.
    static let fetchDeadline = Duration.seconds(10)

    enum Action: Equatable {
        case get(issuer: Int, url: String, deadline: Instant)
        /// Hand this keys document to the supervisor.
        case publish(generation: UInt64, document: String)
        case report(Report)
    }

    /// What is worth a line in the log: changes, and failures of a new kind, not each repetition.
    enum Report: Equatable {
        case changed(issuer: String, generation: UInt64, keys: Int, skipped: String)
        case failed(issuer: String, FetchFailure, retryIn: Duration, hasKeys: Bool)
        case recovered(issuer: String, failures: Int)
    }

    private enum Step: Equatable {
        case none
        case discovery
        case keys
    }

    private struct Issuer {
        let url: String
        var scheduler: RefreshScheduler
        var step = Step.none
        var deadline = Instant.zero
        var published: PublishedKeys?
        var fetchedAt: Int64 = 0
        /// The failure that the log last heard of.
        var reported: FetchFailure?
    }

    private var issuers: [Issuer]
    /// Counts sets that differ; 0: none was published yet.
    private(set) var generation: UInt64 = 0

    init(issuers: [String], refreshInterval: Duration, now: Instant) {
        self.issuers = issuers.map { Issuer(url: $0, scheduler: RefreshScheduler(interval: refreshInterval, now: now)) }
    }

    /// Whether every issuer has keys.
    var isReady: Bool { issuers.allSatisfy { $0.published != nil } }

    /// When keys were last fetched, of the issuer for which that is longest ago, in seconds since 1970; 0: not all were.
    var fetchedAt: Int64 { issuers.map(\.fetchedAt).min() ?? 0 }

    /// When `tick` has something to do.
    var nextTick: Instant? { issuers.compactMap(\.scheduler.nextFetch).min() }

    /// Begins what is due.
    mutating func tick(now: Instant) -> [Action] {
        var actions: [Action] = []
        for index in issuers.indices where issuers[index].scheduler.begin(now: now) {
            issuers[index].step = .discovery
            issuers[index].deadline = now + Self.fetchDeadline
            actions.append(
                .get(
                    issuer: index, url: ProviderMetadata.address(of: issuers[index].url),
                    deadline: issuers[index].deadline))
        }
        return actions
    }

    /// A worker met an unknown key. Which issuer's it is, the control channel does not say.
    mutating func demand(now: Instant) -> [Action] {
        for index in issuers.indices { issuers[index].scheduler.demand(now: now) }
        return tick(now: now)
    }

    /// CA files may have changed.
    mutating func credentialsChanged(now: Instant) -> [Action] {
        for index in issuers.indices { issuers[index].scheduler.expedite(now: now) }
        return tick(now: now)
    }

    /// The document asked for by `get` has arrived, or not. `wallClock`: seconds since 1970.
    mutating func finished(
        issuer index: Int, _ result: Result<[UInt8], FetchFailure>, now: Instant, wallClock: Int64, jitter: Double
    ) -> [Action] {
        let step = issuers[index].step
        issuers[index].step = .none
        do throws(FetchFailure) {
            let document = try result.get()
            switch step {
            case .none: return []
            case .discovery:
                let metadata = try ProviderMetadata(document, issuer: issuers[index].url)
                issuers[index].step = .keys
                return [.get(issuer: index, url: metadata.keysAddress, deadline: issuers[index].deadline)]
            case .keys:
                return fetched(index, try PublishedKeys(document), now: now, wallClock: wallClock, jitter: jitter)
            }
        } catch {
            return failed(index, error, now: now, jitter: jitter)
        }
    }

    private mutating func fetched(
        _ index: Int, _ keys: PublishedKeys, now: Instant, wallClock: Int64, jitter: Double
    ) -> [Action] {
        var actions: [Action] = []
        let failures = issuers[index].scheduler.failures
        if failures > 0 { actions.append(.report(.recovered(issuer: issuers[index].url, failures: failures))) }
        issuers[index].reported = nil
        issuers[index].fetchedAt = wallClock
        let wasDemanded = issuers[index].scheduler.succeeded(now: now, jitter: jitter)
        let isChanged = issuers[index].published?.keys != keys.keys
        issuers[index].published = keys
        if isChanged {
            generation += 1
            actions.append(
                .report(
                    .changed(
                        issuer: issuers[index].url, generation: generation, keys: keys.keys.count,
                        skipped: keys.skippedSummary)))
        }
        // An unchanged set is handed out again if somebody asked: tokens that wait for their key then wait no longer.
        if isChanged || wasDemanded { actions.append(.publish(generation: generation, document: document)) }
        return actions
    }

    private mutating func failed(
        _ index: Int, _ failure: FetchFailure, now: Instant, jitter: Double
    ) -> [Action] {
        let wait = issuers[index].scheduler.failed(now: now, jitter: jitter)
        guard issuers[index].reported != failure else { return [] }
        issuers[index].reported = failure
        return [
            .report(
                .failed(
                    issuer: issuers[index].url, failure, retryIn: wait, hasKeys: issuers[index].published != nil))
        ]
    }

    /// The keys document: `KeySet` reads it.
    private var document: String {
        let entries = issuers.compactMap { issuer -> String? in
            guard let keys = issuer.published else { return nil }
            return #"{"issuer":\#(JSONValue.quoted(issuer.url)),"fetchedAt":\#(issuer.fetchedAt),"#
                + #""keys":{"keys":[\#(keys.keys.joined(separator: ","))]}}"#
        }
        return #"{"generation":\#(generation),"issuers":[\#(entries.joined(separator: ","))]}"#
    }
}
