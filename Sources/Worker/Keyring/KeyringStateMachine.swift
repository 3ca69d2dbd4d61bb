// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// What the keyring does and when: for each issuer, by itself, discovery, then its key set; publication when something
/// changed. The last good set of an issuer is kept while its provider is down, for as long as the configuration says.
/// Pure: no I/O, time and jitter are arguments.
struct KeyringStateMachine {
    typealias Settings = AuthenticationConfiguration.Keys

    /// A whole fetch (discovery and keys together) may take this long at most.
    static let longestFetch = Duration.seconds(10)

    /// An issuer, and where its discovery document lies.
    struct Source: Equatable {
        let issuer: String
        let discoveryURL: String
    }

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
        /// The last good keys were too old.
        case dropped(issuer: String)
        /// Keys of an earlier keyring.
        case inherited(issuer: String, keys: Int)
    }

    private enum Step: Equatable {
        case none
        case discovery
        case keys
    }

    private struct Issuer {
        let source: Source
        var scheduler: RefreshScheduler
        var step = Step.none
        var deadline = Instant.zero
        var published: PublishedKeys?
        /// Seconds since 1970.
        var fetchedAt: Int64 = 0
        /// When the published keys are too old to be used; nil: never.
        var dropAt: Instant?
        /// Fetches that succeeded.
        var fetches: UInt64 = 0
        /// Whether a first fetch has ended, either way.
        var isTried = false
        /// The failure that the log last heard of.
        var reported: ReportedFailure?
    }

    private var issuers: [Issuer]
    private let settings: Settings
    /// Well below the time that a child has for its start: a provider that never answers must not cost that.
    private let fetchDeadline: Duration
    /// Counts sets that differ; 0: none was published yet.
    private(set) var generation: UInt64 = 0

    /// What is known of the keyring before this one.
    private enum Predecessor: Equatable {
        /// Not told yet.
        case unknown
        /// There is nothing to lose: it had no keys, or they were our issuers'.
        case replaced
        /// It has keys, and none of them is of an issuer of ours: its workers are better off than ours would be.
        case better
    }

    private var predecessor = Predecessor.unknown

    init(issuers: [Source], settings: Settings, deadlines: DeadlinesConfiguration, now: Instant) {
        self.settings = settings
        fetchDeadline = min(Self.longestFetch, deadlines.workerStart / 2)
        let demandInterval = RefreshScheduler.demandInterval(identity: deadlines.identity)
        self.issuers = issuers.map {
            Issuer(
                source: $0,
                scheduler: RefreshScheduler(
                    interval: settings.refreshInterval, demandInterval: demandInterval, now: now))
        }
    }

    /// Whether workers have been told which keys there are, or there is no issuer. There may be none: then others can
    /// still say whose a request is.
    var isReady: Bool { issuers.isEmpty || generation > 0 }

    /// When each issuer's keys were last fetched, in seconds since 1970; 0: there are none.
    var fetchedAt: [Int64] { issuers.map { $0.published == nil ? 0 : $0.fetchedAt } }

    /// When `tick` has something to do.
    var nextTick: Instant? { issuers.flatMap { [$0.scheduler.nextFetch, $0.dropAt].compactMap { $0 } }.min() }

    /// Begins what is due.
    mutating func tick(now: Instant) -> [Action] {
        var actions = dropOld(now)
        for index in issuers.indices where issuers[index].scheduler.begin(now: now) {
            issuers[index].step = .discovery
            issuers[index].deadline = now + fetchDeadline
            actions.append(
                .get(issuer: index, url: issuers[index].source.discoveryURL, deadline: issuers[index].deadline))
        }
        return actions
    }

    /// A worker met an unknown key of this issuer; nil: it does not say whose. The others are not fetched for it.
    mutating func demand(issuer: Int?, now: Instant) -> [Action] {
        for index in issuers.indices where issuer == nil || issuer == index {
            issuers[index].scheduler.demand(now: now)
        }
        return tick(now: now)
    }

    /// CA files may have changed.
    mutating func credentialsChanged(now: Instant) -> [Action] {
        for index in issuers.indices { issuers[index].scheduler.expedite(now: now) }
        return tick(now: now)
    }

    /// What an earlier keyring published, if there was one: it serves until its issuers answer, so that a keyring may be
    /// replaced while a provider is down. Keys of issuers that are not configured any more are left out.
    mutating func inherit(_ document: [UInt8], now: Instant, wallClock: Int64) -> [Action] {
        guard let entries = (try? JSONValue.parse(document))?.object?["issuers"]?.array else { return [] }
        var actions: [Action] = []
        var areOurs = false
        for entry in entries {
            guard let entry = entry.object, let name = entry["issuer"]?.string, let keys = entry["keys"],
                case .integer(let fetchedAt) = entry["fetchedAt"],
                let index = issuers.firstIndex(where: { $0.source.issuer.isExactly(name) })
            else { continue }
            areOurs = true
            // Counted on: whoever waits for a fetch must not take these keys for its answer.
            if case .integer(let fetches) = entry["fetches"] { issuers[index].fetches += UInt64(max(0, fetches)) }
            guard issuers[index].published == nil, let published = try? PublishedKeys(keys) else { continue }
            let age = Duration.seconds(max(0, wallClock - fetchedAt))
            guard settings.keepFor == .zero || age < settings.keepFor else { continue }
            issuers[index].published = published
            issuers[index].fetchedAt = fetchedAt
            issuers[index].dropAt = settings.keepFor == .zero ? nil : now + (settings.keepFor - age)
            actions.append(.report(.inherited(issuer: name, keys: published.keys.count)))
        }
        predecessor = entries.isEmpty || areOurs ? .replaced : .better
        guard !actions.isEmpty else { return firstPublication }
        generation += 1
        return actions + [.publish(generation: generation, document: self.document)]
    }

    /// The first attempts are over, and have brought nothing: workers are told so, and serve those whom others vouch for. But
    /// not before it is known that this takes no keys away from anybody.
    private var firstPublication: [Action] {
        mutating get {
            guard generation == 0, predecessor == .replaced, issuers.allSatisfy(\.isTried) else { return [] }
            generation = 1
            return publication
        }
    }

    /// The document asked for by `get` has arrived, or not. `maxAge`: for how long the provider says that it may be kept.
    /// `wallClock`: seconds since 1970.
    mutating func finished(
        issuer index: Int, _ result: Result<[UInt8], FetchFailure>, maxAge: Duration? = nil, now: Instant,
        wallClock: Int64, jitter: Double
    ) -> [Action] {
        let step = issuers[index].step
        issuers[index].step = .none
        do throws(FetchFailure) {
            let document = try result.get()
            switch step {
            case .none: return []
            case .discovery:
                let metadata = try ProviderMetadata(document, issuer: issuers[index].source.issuer)
                issuers[index].step = .keys
                return [.get(issuer: index, url: metadata.keysAddress, deadline: issuers[index].deadline)]
            case .keys:
                let keys = try PublishedKeys(document)
                return fetched(index, keys, maxAge: maxAge, now: now, wallClock: wallClock, jitter: jitter)
            }
        } catch {
            return failed(index, error, now: now, jitter: jitter)
        }
    }

    private mutating func fetched(
        _ index: Int, _ keys: PublishedKeys, maxAge: Duration?, now: Instant, wallClock: Int64, jitter: Double
    ) -> [Action] {
        var actions: [Action] = []
        let failures = issuers[index].scheduler.failures
        if failures > 0 {
            actions.append(.report(.recovered(issuer: issuers[index].source.issuer, failures: failures)))
        }
        issuers[index].reported = nil
        issuers[index].isTried = true
        issuers[index].fetchedAt = wallClock
        issuers[index].fetches += 1
        issuers[index].dropAt = settings.keepFor == .zero ? nil : now + settings.keepFor
        let interval = maxAge.map {
            min(max($0, settings.minimumRefreshInterval), settings.refreshInterval)
        }
        let wasDemanded = issuers[index].scheduler.succeeded(now: now, jitter: jitter, interval: interval)
        let isChanged = !(issuers[index].published?.hasSameKeys(as: keys) ?? false)
        issuers[index].published = keys
        if isChanged {
            generation += 1
            actions.append(
                .report(
                    .changed(
                        issuer: issuers[index].source.issuer, generation: generation, keys: keys.keys.count,
                        skipped: keys.skippedSummary)))
        }
        // An unchanged set is handed out again if somebody asked: tokens that wait for their key then wait no longer.
        if isChanged || wasDemanded { actions += publication }
        return actions
    }

    private mutating func failed(
        _ index: Int, _ failure: FetchFailure, now: Instant, jitter: Double
    ) -> [Action] {
        let wait = issuers[index].scheduler.failed(now: now, jitter: jitter)
        var actions: [Action] = []
        if !issuers[index].isTried {
            // Perhaps the others' keys waited for this one's.
            issuers[index].isTried = true
            actions += generation > 0 ? publication : firstPublication
        }
        // Once for each failure, and again when keys have come or gone meanwhile: inherited ones, or such as were too old.
        let report = ReportedFailure(failure: failure, hasKeys: issuers[index].published != nil)
        guard issuers[index].reported != report else { return actions }
        issuers[index].reported = report
        return [
            .report(
                .failed(
                    issuer: issuers[index].source.issuer, failure, retryIn: wait, hasKeys: report.hasKeys))
        ] + actions
    }

    /// What was last said of an issuer whose keys could not be fetched.
    private struct ReportedFailure: Equatable {
        let failure: FetchFailure
        let hasKeys: Bool
    }

    private mutating func dropOld(_ now: Instant) -> [Action] {
        var actions: [Action] = []
        for index in issuers.indices {
            guard let dropAt = issuers[index].dropAt, dropAt <= now else { continue }
            issuers[index].dropAt = nil
            issuers[index].published = nil
            actions.append(.report(.dropped(issuer: issuers[index].source.issuer)))
        }
        guard !actions.isEmpty else { return [] }
        generation += 1
        return actions + publication
    }

    /// Nothing is published before every issuer was tried once: workers that wait for their first keys are ready with
    /// them, and should have what there is.
    private var publication: [Action] {
        issuers.allSatisfy(\.isTried) ? [.publish(generation: generation, document: document)] : []
    }

    /// The keys document: `KeySet` reads it.
    private var document: String {
        let entries = issuers.compactMap { issuer -> String? in
            guard let keys = issuer.published else { return nil }
            return #"{"issuer":\#(JSONValue.quoted(issuer.source.issuer)),"fetchedAt":\#(issuer.fetchedAt),"#
                + #""fetches":\#(issuer.fetches),"keys":{"keys":[\#(keys.keys.joined(separator: ","))]}}"#
        }
        return #"{"generation":\#(generation),"issuers":[\#(entries.joined(separator: ","))]}"#
    }
}
