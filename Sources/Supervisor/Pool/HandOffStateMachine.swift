// SPDX-License-Identifier: Apache-2.0

import Shared

/// The ledger of accepted connections that no worker has claimed yet, and of each worker's credits. Pure: the driver
/// keeps the sockets, under the same places, and does what it is told.
///
/// A connection is held (no worker has it), handed (one has it, and the supervisor keeps a copy), or examined (its
/// worker died); a claim, a close or a loss ends it here, or its being forgotten (`makeRoom`).
/// accepted = claimed + closed before a claim + lost + forgotten + unclaimed.
struct HandOffStateMachine {
    /// A connection's name towards workers. It never repeats; its low 16 bits are its place in the ledger.
    struct ConnectionID: Hashable, Sendable {
        let rawValue: UInt64
        var place: Int { Int(rawValue & 0xffff) }
    }

    enum Stage {
        case free
        case held
        case handed(WorkerID)
        case examined
    }

    struct Entry {
        var id: UInt64 = 0
        var stage = Stage.free
        var listener: UInt16 = 0
        var peer = SocketAddress.unspecified
        var attempts = 0
        /// Until when it may wait for a worker.
        var deadline = Instant.never
    }

    struct Worker {
        let id: WorkerID
        let limit: Int
        /// Handed to it and not claimed.
        var unclaimed = 0
        var claimed = 0
        /// Its channel took no more; it is left out until there is room.
        var blocked = false
        var accepting = true
        /// Its heartbeat is late.
        var sluggish = false

        var credits: Int { limit - unclaimed - claimed + (DeliberateFault.isOn(.creditLimitIgnored) ? 1 : 0) }
        var takesConnections: Bool { accepting && !blocked && !sluggish }
    }

    /// What there is to hand over next, and to whom.
    struct Offer: Equatable, Sendable {
        let connection: ConnectionID
        let worker: WorkerID
        let listener: UInt16
        let peer: SocketAddress
    }

    /// What has happened since the start, in connections.
    struct Counts: Equatable, Sendable, Codable {
        var accepted: UInt64 = 0
        /// Hand-overs, repeated ones included.
        var handed: UInt64 = 0
        var claimed: UInt64 = 0
        /// Closed by a worker that read nothing from it.
        var closedUnclaimed: UInt64 = 0
        var redelivered: UInt64 = 0
        var lost: UInt64 = 0
        /// Copies given up for newer connections; nil: the program before did not count them.
        var forgotten: UInt64? = 0
    }

    var entries: [Entry]
    var freePlaces: [Int]
    var heldPlaces: [Int] = []
    var workers: [Worker?]
    var sequence: UInt64 = 0
    var lastChosen = 0
    /// How long a connection may wait for a worker.
    var holdAllowance: Duration
    var counts = Counts()
    var shares: UnclaimedShares
    /// Whose workers have them without a copy of ours, and have not claimed them; each takes one of their credits.
    var forgotten: [UInt64: WorkerID] = [:]

    /// - Parameters:
    ///   - capacity: unclaimed connections at most, up to 65,536.
    ///   - slots: workers there can be.
    ///   - holdAllowance: how long a connection may wait for a worker.
    init(capacity: Int, slots: Int, holdAllowance: Duration) {
        precondition(capacity > 0 && capacity <= 65_536)
        entries = .init(repeating: Entry(), count: capacity)
        freePlaces = Array((0..<capacity).reversed())
        workers = .init(repeating: nil, count: slots)
        self.holdAllowance = holdAllowance
        shares = UnclaimedShares(capacity: capacity)
    }

    // MARK: What the accept policy asks

    /// Connections that could still be taken in: those that a worker has make room.
    var room: Int { entries.count - held }
    /// Accepted and neither claimed nor ended.
    var unclaimed: Int { entries.count - freePlaces.count }
    /// Connections without a worker.
    var held: Int { heldPlaces.count }
    /// Connections that workers can be given now.
    var credits: Int {
        workers.reduce(0) { sum, worker in
            guard let worker, worker.takesConnections else { return sum }
            return sum + max(0, worker.credits)
        }
    }

    // MARK: Workers

    /// There may be so many slots from now on; never fewer than before.
    mutating func reserve(slots: Int) {
        while workers.count < slots { workers.append(nil) }
    }

    mutating func workerReady(_ id: WorkerID, credits: Int) {
        precondition(workers[id.slot] == nil, "the one before was not taken out")
        workers[id.slot] = Worker(id: id, limit: credits)
    }

    /// It is given nothing more; what it has stays its own.
    mutating func workerStopsAccepting(_ id: WorkerID) {
        if knows(id) { workers[id.slot]?.accepting = false }
    }

    /// Its channel is full, or has room again.
    mutating func setBlocked(_ id: WorkerID, _ blocked: Bool) {
        if knows(id) { workers[id.slot]?.blocked = blocked }
    }

    /// Its heartbeat is late, or in time again.
    mutating func setSluggish(_ id: WorkerID, _ sluggish: Bool) {
        if knows(id) { workers[id.slot]?.sluggish = sluggish }
    }

    /// Takes it out, and gives the connections that it had not claimed, oldest first: each must be examined.
    mutating func workerDied(_ id: WorkerID) -> [ConnectionID] {
        guard knows(id) else { return [] }
        workers[id.slot] = nil
        if !forgotten.isEmpty { forgotten = forgotten.filter { $0.value != id } }
        var left: [ConnectionID] = []
        for place in entries.indices {
            guard case .handed(let holder) = entries[place].stage, holder == id else { continue }
            entries[place].stage = .examined
            left.append(ConnectionID(rawValue: entries[place].id))
        }
        return left.sorted { $0.rawValue < $1.rawValue }
    }

    /// Whether this process can be given connections: the keyring never can, nor a worker that is starting or dead.
    func knows(_ id: WorkerID) -> Bool {
        workers.indices.contains(id.slot) && workers[id.slot]?.id == id
    }

    /// Connections that this worker holds, by our count; 0 for one that is gone.
    func connections(of id: WorkerID) -> Int {
        guard knows(id), let worker = workers[id.slot] else { return 0 }
        return worker.unclaimed + worker.claimed
    }

    func credits(of id: WorkerID) -> Int? {
        guard knows(id), let worker = workers[id.slot] else { return nil }
        return worker.credits
    }

    // MARK: Connections

    /// Takes in a new connection, held for now; nil: there is no free place (`makeRoom`).
    mutating func accepted(listener: UInt16, peer: SocketAddress, now: Instant) -> ConnectionID? {
        guard let place = freePlaces.popLast() else { return nil }
        sequence += 1
        let id = sequence << 16 | UInt64(place)
        entries[place] = Entry(id: id, stage: .held, listener: listener, peer: peer, deadline: now + holdAllowance)
        heldPlaces.append(place)
        shares.taken(by: peer)
        counts.accepted += 1
        return ConnectionID(rawValue: id)
    }

    /// The connection that has waited longest, for the ready worker with the most credits (equal ones take turns).
    func nextOffer() -> Offer? {
        guard let place = heldPlaces.first, let worker = chooseWorker() else { return nil }
        let entry = entries[place]
        return Offer(
            connection: ConnectionID(rawValue: entry.id), worker: worker.id, listener: entry.listener, peer: entry.peer)
    }

    private func chooseWorker() -> Worker? {
        var best: Worker?
        for offset in 1...max(1, workers.count) {
            guard let worker = workers[(lastChosen + offset) % workers.count], worker.takesConnections,
                worker.credits > (best?.credits ?? 0)
            else { continue }
            best = worker
        }
        return best
    }

    /// The offer was sent: the worker has the socket, we keep a copy.
    mutating func handed(_ offer: Offer) {
        let place = offer.connection.place
        precondition(heldPlaces.first == place && entries[place].id == offer.connection.rawValue)
        heldPlaces.removeFirst()
        entries[place].stage = .handed(offer.worker)
        entries[place].attempts += 1
        workers[offer.worker.slot]?.unclaimed += 1
        lastChosen = offer.worker.slot
        counts.handed += 1
        if entries[place].attempts > 1 { counts.redelivered += 1 }
    }

    /// The worker has read from it: the copy is dropped. False: it was not this worker's to claim.
    mutating func claimed(_ raw: UInt64, by id: WorkerID) -> Bool {
        guard let place = place(of: raw, handedTo: id) else { return false }
        workers[id.slot]?.unclaimed -= 1
        workers[id.slot]?.claimed += 1
        counts.claimed += 1
        free(place)
        return true
    }

    /// The worker never got its socket: it is held again, for as long as it was held in the first place. False: it was
    /// not this worker's.
    mutating func returned(_ raw: UInt64, by id: WorkerID) -> Bool {
        guard let place = place(of: raw, handedTo: id) else { return false }
        workers[id.slot]?.unclaimed -= 1
        hold(place)
        return true
    }

    enum Closing: Equatable, Sendable {
        /// It had not been claimed: its copy is dropped.
        case unclaimed
        case claimed
        /// There was nothing of this worker's to close.
        case violation
    }

    /// The worker has closed it: its credit comes back.
    mutating func closed(_ raw: UInt64, by id: WorkerID) -> Closing {
        guard knows(id), let worker = workers[id.slot] else { return .violation }
        if let place = place(of: raw, handedTo: id) {
            workers[id.slot]?.unclaimed -= 1
            counts.closedUnclaimed += 1
            free(place)
            return .unclaimed
        }
        guard worker.claimed > 0 else { return .violation }
        if !forgotten.isEmpty { forgotten[raw] = nil }
        workers[id.slot]?.claimed -= DeliberateFault.isOn(.creditCountedTwice) ? 2 : 1
        return .claimed
    }

    /// After a worker's death: `intact`: nobody has read a byte, so another worker gets it, before all newer ones;
    /// otherwise it is lost, and the driver resets it.
    mutating func examined(_ connection: ConnectionID, intact: Bool, now: Instant) {
        let place = connection.place
        guard entries[place].id == connection.rawValue, case .examined = entries[place].stage else {
            preconditionFailure("not under examination")
        }
        if intact {
            entries[place].deadline = now + holdAllowance
            hold(place)
        } else {
            counts.lost += 1
            free(place)
        }
    }

    private func place(of raw: UInt64, handedTo id: WorkerID) -> Int? {
        let place = ConnectionID(rawValue: raw).place
        guard place < entries.count, entries[place].id == raw, case .handed(let holder) = entries[place].stage,
            holder == id
        else { return nil }
        return place
    }

    /// Puts it among those that wait for a worker, before all newer ones.
    private mutating func hold(_ place: Int) {
        entries[place].stage = .held
        let position = heldPlaces.firstIndex { entries[$0].id > entries[place].id } ?? heldPlaces.endIndex
        heldPlaces.insert(place, at: position)
    }

    mutating func free(_ place: Int) {
        shares.given(backBy: entries[place].peer)
        entries[place] = Entry()
        freePlaces.append(place)
    }
}
