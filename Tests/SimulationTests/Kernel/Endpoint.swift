// SPDX-License-Identifier: Apache-2.0

import Glibc
import Shared

/// Who is told when something changes on a socket.
protocol SocketWatcher: AnyObject {
    func changed(_ endpoint: Endpoint)
}

/// One end of a simulated TCP connection: what has arrived and was not read, what is on its way, and how it stands with
/// FIN and RST. As on Linux: what arrived before a reset can still be read; a close with unread bytes is a reset; bytes
/// for a closed end are answered by one; a shared socket ends with its last descriptor.
final class Endpoint {
    let id: Int
    unowned let world: World
    private(set) var peer: Endpoint?
    weak var watcher: (any SocketWatcher)?
    private var random: Random
    private let capacity: Int
    private let latency: ClosedRange<Int>
    private var arrived = ByteQueue()
    private var transit: [Segment] = []
    private var transitBytes = 0
    private var lastArrival = Instant.zero
    private(set) var finSent = false
    private(set) var finReceived = false
    /// An error number once the connection is broken.
    private(set) var brokenBy: Int32 = 0
    private(set) var brokenAt = Instant.never
    private(set) var isClosed = false
    private(set) var bytesRead = 0
    private(set) var bytesArrived = 0
    /// When the other side's leaving (FIN or RST) arrived here.
    private(set) var departureSeen = Instant.never
    private var references = 1
    private var lingerReset = false
    /// Nothing comes or goes any more, and nobody says so.
    private(set) var isCutOff = false
    /// Keep-alive and user time-out are on: a vanished peer is found out.
    var isProbed = false
    /// Some process closed it by its own decision.
    var closedOnPurpose = false

    private enum Segment {
        case data([UInt8])
        case fin
    }

    private init(world: World, capacity: Int, latency: ClosedRange<Int>) {
        id = world.nextID()
        self.world = world
        self.capacity = capacity
        self.latency = latency
        random = Random(seed: world.scenario.seed, stream: UInt64(1_000 + id))
    }

    static func pair(world: World, random: inout Random) -> (near: Endpoint, far: Endpoint) {
        let latency = random.pick([20...60, 100...400, 1_000...9_000])
        let near = Endpoint(world: world, capacity: random.pick([1_500, 6_000, 40_000]), latency: latency)
        let far = Endpoint(world: world, capacity: random.pick([1_500, 6_000, 40_000]), latency: latency)
        near.peer = far
        far.peer = near
        return (near, far)
    }

    // MARK: What its owner sees

    var readable: Bool { !arrived.isEmpty || finReceived || brokenBy != 0 }
    var writable: Bool { brokenBy != 0 || finSent || room > 0 }
    var hungUp: Bool { finReceived || brokenBy != 0 }
    var failed: Bool { brokenBy != 0 || (finReceived && finSent) }
    private var room: Int {
        guard let peer, !peer.isClosed else { return 65_536 }
        return peer.capacity - peer.arrived.count - peer.transitBytes
    }

    /// Bytes; empty: the end of the stream; nil: nothing now.
    func read(_ most: Int) -> Result<[UInt8], Errno>? {
        if !arrived.isEmpty {
            let bytes = arrived.take(most)
            bytesRead += bytes.count
            peer?.changed()
            return .success(bytes)
        }
        if brokenBy != 0 { return .failure(Errno(brokenBy)) }
        return finReceived ? .success([]) : nil
    }

    /// How many bytes were taken; nil: none now.
    func write(_ bytes: [UInt8]) -> Result<Int, Errno>? {
        if brokenBy != 0 { return .failure(Errno(brokenBy)) }
        if finSent { return .failure(.brokenPipe) }
        let count = min(room, bytes.count)
        guard count > 0 else { return nil }
        peer?.send(.data(Array(bytes.prefix(count))))
        return .success(count)
    }

    func shutdownWrite() {
        guard !finSent, brokenBy == 0 else { return }
        finSent = true
        peer?.send(.fin)
        changed()
    }

    // MARK: Descriptors

    func retain() { references += 1 }

    func setLingerReset(_ on: Bool = true) { lingerReset = on }

    func release() {
        references -= 1
        precondition(references >= 0, "closed more often than opened")
        guard references == 0, !isClosed else { return }
        isClosed = true
        watcher = nil
        onFinalClose?(self)
        if brokenBy == 0 {
            if lingerReset || !arrived.isEmpty {
                peer?.receiveReset(from: &random)
            } else if !finSent {
                peer?.send(.fin)
            }
        }
        finSent = true
        arrived.removeAll()
        if peer?.isClosed ?? true { separate() }
    }

    /// Takes the two ends apart, so that memory does not hold them for ever.
    func separate() {
        peer?.peer = nil
        peer = nil
    }

    /// Power loss, a pulled cable: nothing is heard of this end from now on, and it hears nothing.
    func cutOff() {
        guard !isCutOff else { return }
        isCutOff = true
        peer?.isCutOff = true
        // As prepareStream asks: 15 s of silence, then three probes 5 s apart.
        world.after(.seconds(30)) { [weak self] in self?.peer?.probeFails() }
    }

    private func probeFails() {
        guard !isClosed else { return }
        if isProbed { return breakOff(ETIMEDOUT) }
        world.after(.seconds(5)) { [weak self] in self?.probeFails() }
    }

    // MARK: The wire

    private func send(_ segment: Segment) {
        if case .data(let bytes) = segment { transitBytes += bytes.count }
        transit.append(segment)
        guard !isCutOff else { return }
        let arrival = max(world.now + random.microseconds(latency), lastArrival)
        lastArrival = arrival
        world.at(arrival) { [weak self] in self?.arrive() }
    }

    private func arrive() {
        guard !transit.isEmpty, brokenBy == 0, !isCutOff else { return }
        switch transit.removeFirst() {
        case .data(let bytes):
            transitBytes -= bytes.count
            world.note("bytes arrive", id, bytes.count)
            guard !isClosed else {
                peer?.receiveReset(from: &random)
                return
            }
            arrived.append(bytes)
            bytesArrived += bytes.count
        case .fin:
            world.note("fin arrives", id)
            finReceived = true
            noteDeparture()
        }
        changed()
    }

    /// The other side resets: some of what is on its way is lost, then the connection breaks.
    private func receiveReset(from random: inout Random) {
        guard !isCutOff else { return }
        let kept = random.below(transit.count + 1)
        for segment in transit[kept...] {
            if case .data(let bytes) = segment { transitBytes -= bytes.count }
        }
        transit.removeSubrange(kept...)
        let arrival = max(world.now + random.microseconds(latency), lastArrival)
        lastArrival = arrival
        world.at(arrival) { [weak self] in self?.breakOff(ECONNRESET) }
    }

    private func breakOff(_ error: Int32) {
        guard brokenBy == 0 else { return }
        world.note("reset arrives", id, Int(error))
        brokenBy = error
        brokenAt = world.now
        transit.removeAll()
        transitBytes = 0
        noteDeparture()
        changed()
    }

    private func noteDeparture() {
        if departureSeen == .never { departureSeen = world.now }
        onDeparture?(self)
    }

    /// Called when the last descriptor is closed.
    var onFinalClose: ((Endpoint) -> Void)?
    /// Called when the other side's leaving arrives here.
    var onDeparture: ((Endpoint) -> Void)?

    private func changed() {
        watcher?.changed(self)
    }
}
