// SPDX-License-Identifier: Apache-2.0

import Shared

/// How many connections one address may hold, and begin in a second. Pure.
///
/// IPv4 addresses count one by one, IPv6 addresses by their /64, which is what one host is given. A fixed number of
/// addresses is kept track of; when all places are taken by others that are busy, a new one goes uncounted: what bounds
/// the whole are the workers' credits.
struct AddressLimiter {
    enum Refusal: String, CaseIterable, Equatable, Sendable {
        case connections
        case rate
        /// Too many that say nothing (`UnclaimedShares`).
        case unclaimed
    }

    /// How many there were of each.
    struct Refusals: Equatable, Sendable {
        var connections: UInt64 = 0
        var rate: UInt64 = 0
        var unclaimed: UInt64 = 0

        subscript(refusal: Refusal) -> UInt64 {
            get {
                switch refusal {
                case .connections: connections
                case .rate: rate
                case .unclaimed: unclaimed
                }
            }
            set {
                switch refusal {
                case .connections: connections = newValue
                case .rate: rate = newValue
                case .unclaimed: unclaimed = newValue
                }
            }
        }
    }

    struct Entry {
        var connections = 0
        /// Connections that may begin at once, as of `time`.
        var tokens: Double
        var time: Instant
    }

    struct Holding {
        let address: SocketAddress
        /// nil: no worker has it yet.
        var worker: WorkerID?
    }

    /// Addresses kept track of.
    static let capacity = 65_536
    /// A full table is looked through for idle places no more often than this.
    private static let sweepInterval = Duration.seconds(1)
    /// Seconds' worth of connections that an address which was quiet may begin at once.
    private static let burst = 2.0

    private var connections: Int
    private var perSecond: Double
    private var exempt: [AddressRange]
    /// By the listener's place in the configuration: proxies that are trusted to speak for their clients.
    private var proxies: [[AddressRange]]
    private let capacity: Int
    var entries: [SocketAddress: Entry] = [:]
    var holdings: [UInt64: Holding] = [:]
    private var lastSweep = Instant.zero
    /// Since the start.
    var refusals = Refusals()

    init(_ configuration: GatewayConfiguration, capacity: Int = Self.capacity) {
        self.capacity = capacity
        connections = 0
        perSecond = 0
        exempt = []
        proxies = []
        use(configuration)
    }

    /// The same limit for every address, and no rate.
    init(connections: Int) {
        capacity = Self.capacity
        self.connections = connections
        perSecond = 0
        exempt = []
        proxies = []
    }

    /// Another configuration is in force; what was counted stays.
    mutating func use(_ configuration: GatewayConfiguration) {
        connections = configuration.limits.connectionsPerAddress
        perSecond = Double(configuration.limits.acceptsPerSecond)
        exempt = configuration.limits.exemptAddresses.compactMap { AddressRange($0) }
        proxies = configuration.listeners.map(\.proxies)
    }

    /// Addresses kept track of now.
    var tracked: Int { entries.count }

    /// Judges a connection that has just come; nil: it may stay.
    mutating func judge(_ peer: SocketAddress, listener: UInt16, now: Instant) -> Refusal? {
        guard let key = key(of: peer, listener), var entry = entries[key] ?? fresh(now) else { return nil }
        let refusal = judge(&entry, now)
        entries[key] = entry
        if let refusal { refusals[refusal] += 1 }
        return refusal
    }

    private func judge(_ entry: inout Entry, _ now: Instant) -> Refusal? {
        if connections > 0, entry.connections >= connections { return .connections }
        guard perSecond > 0 else { return nil }
        entry.tokens = min(perSecond * Self.burst, tokens(of: entry, now))
        entry.time = now
        guard entry.tokens >= 1 else { return .rate }
        entry.tokens -= 1
        return nil
    }

    private func tokens(of entry: Entry, _ now: Instant) -> Double {
        entry.tokens + perSecond * now.since(entry.time).milliseconds / 1_000
    }

    /// nil: there is no place.
    mutating func fresh(_ now: Instant) -> Entry? {
        if entries.count >= capacity, now.since(lastSweep) >= Self.sweepInterval {
            lastSweep = now
            let full = perSecond * Self.burst
            entries = entries.filter { $0.value.connections > 0 || tokens(of: $0.value, now) < full }
        }
        guard entries.count < capacity else { return nil }
        return Entry(tokens: perSecond * Self.burst, time: now)
    }

    /// What an address is counted as; nil: it is not counted.
    private func key(of peer: SocketAddress, _ listener: UInt16) -> SocketAddress? {
        guard connections > 0 || perSecond > 0, !isExempt(peer, listener: listener) else { return nil }
        return UnclaimedShares.host(of: peer)
    }

    /// Whether it may hold and begin what it likes.
    func isExempt(_ peer: SocketAddress, listener: UInt16) -> Bool {
        exempt.contains { $0.contains(peer) }
            || proxies.indices.contains(Int(listener)) && proxies[Int(listener)].contains { $0.contains(peer) }
    }

    // MARK: Connections that stay

    /// The connection was taken in under this number.
    mutating func admitted(_ id: UInt64, _ peer: SocketAddress, listener: UInt16) {
        guard connections > 0, let key = key(of: peer, listener), entries[key] != nil else { return }
        entries[key]?.connections += 1
        holdings[id] = Holding(address: key)
    }

    mutating func handed(_ id: UInt64, to worker: WorkerID) {
        holdings[id]?.worker = worker
    }

    /// It is closed, by whomever.
    mutating func ended(_ id: UInt64) {
        guard let holding = holdings.removeValue(forKey: id), var entry = entries[holding.address] else { return }
        entry.connections -= 1
        // Without a rate nothing is left to remember.
        entries[holding.address] = entry.connections == 0 && perSecond == 0 ? nil : entry
    }

    /// A worker is gone, and with it every connection of its, but for those that go to others.
    mutating func workerDied(_ worker: WorkerID, keeping: Set<UInt64>) {
        guard !holdings.isEmpty else { return }
        for (id, holding) in holdings where holding.worker == worker && !keeping.contains(id) { ended(id) }
    }
}
