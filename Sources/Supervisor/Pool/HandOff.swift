// SPDX-License-Identifier: Apache-2.0

import Shared

/// Carries out what the ledger of unclaimed connections says: keeps our copies of their sockets, sends, closes, resets.
final class HandOff {
    private(set) var ledger: HandOffStateMachine
    private let copies: DescriptorTable
    private let kernel: any Kernel
    /// nil: any address may hold what it likes.
    var addresses: AddressLimiter?

    /// What became of sending one connection to its worker.
    typealias Deliver = (_ offer: HandOffStateMachine.Offer, _ socket: Int32) -> Bool

    init(kernel: any Kernel, capacity: Int, slots: Int, holdAllowance: Duration) {
        self.kernel = kernel
        ledger = HandOffStateMachine(capacity: capacity, slots: slots, holdAllowance: holdAllowance)
        copies = DescriptorTable(capacity: capacity, kernel: kernel)
    }

    /// Another configuration is in force.
    func use(_ configuration: GatewayConfiguration) {
        addresses?.use(configuration)
        ledger.holdAllowance = configuration.deadlines.tlsHandshake
    }

    /// Takes in a connection, unless its address has or begins too many; that one is reset, as is one for which there is
    /// no room (which the accept policy prevents).
    @discardableResult
    func accepted(
        _ socket: consuming FileDescriptor, listener: UInt16, peer: SocketAddress, now: Instant
    ) -> AddressLimiter.Refusal? {
        if let refusal = addresses?.judge(peer, listener: listener, now: now) {
            kernel.close(socket.release(), reset: true)
            return refusal
        }
        guard ledger.admits(peer, isExempt: addresses?.isExempt(peer, listener: listener) ?? false) else {
            addresses?.refusals.unclaimed += 1
            kernel.close(socket.release(), reset: true)
            return .unclaimed
        }
        // The workers have them: a plain close of our copies changes nothing for their clients.
        for silent in ledger.makeRoom() { copies.close(silent.place, reset: false) }
        guard let connection = ledger.accepted(listener: listener, peer: peer, now: now) else {
            kernel.close(socket.release(), reset: true)
            return nil
        }
        addresses?.admitted(connection.rawValue, peer, listener: listener)
        copies.put(socket, at: connection.place)
        return nil
    }

    /// Hands over what is held, oldest first, while there are takers. `deliver`: false: that worker takes none now.
    func dispatch(_ deliver: Deliver) {
        while let offer = ledger.nextOffer() {
            if deliver(offer, copies.raw(at: offer.connection.place)) {
                ledger.handed(offer)
                addresses?.handed(offer.connection.rawValue, to: offer.worker)
                if DeliberateFault.isOn(.copyDroppedAtHandOver) { copies.close(offer.connection.place, reset: false) }
            } else {
                ledger.setBlocked(offer.worker, true)
            }
        }
    }

    /// Our copies' descriptors, in the order of `ledger.saved.connections`; they stay here.
    var sockets: [Int32] {
        ledger.saved.connections.map { copies.raw(at: HandOffStateMachine.ConnectionID(rawValue: $0.id).place) }
    }

    /// Becomes what the program before this one had. EINVAL: it has no room for that.
    func adopt(
        _ saved: HandOffStateMachine.Saved, sockets: [Int32], from passed: PassedDescriptors
    ) throws(Errno) {
        guard sockets.count == saved.connections.count, ledger.restore(saved) else { throw .invalid }
        for (connection, socket) in zip(saved.connections, sockets) {
            copies.put(
                try passed.take(socket), at: HandOffStateMachine.ConnectionID(rawValue: connection.id).place)
        }
    }

    // Single figures, because a copy of the whole ledger counts a reference for each of its arrays.

    /// What the accept policy asks.
    var acceptFigures: (credits: Int, held: Int, room: Int) { (ledger.credits, ledger.held, ledger.room) }
    var counts: HandOffStateMachine.Counts { ledger.counts }
    var unclaimed: Int { ledger.unclaimed }
    /// Connections refused because of their address, and addresses kept track of.
    var refusals: AddressLimiter.Refusals { addresses?.refusals ?? .init() }
    var trackedAddresses: Int { addresses?.tracked ?? 0 }

    /// There may be so many slots from now on.
    func reserve(slots: Int) { ledger.reserve(slots: slots) }
    func workerReady(_ id: WorkerID, credits: Int) { ledger.workerReady(id, credits: credits) }
    func workerStopsAccepting(_ id: WorkerID) { ledger.workerStopsAccepting(id) }
    func setSluggish(_ id: WorkerID, _ sluggish: Bool) { ledger.setSluggish(id, sluggish) }
    func workerHasRoom(_ id: WorkerID) { ledger.setBlocked(id, false) }

    /// False: the worker broke the protocol.
    func claimed(_ connections: [UInt64], by id: WorkerID) -> Bool {
        for raw in connections {
            if ledger.claimedForgotten(raw, by: id) { continue }
            guard ledger.claimed(raw, by: id) else { return false }
            // The worker owns it: a plain close of our copy changes nothing for the client.
            copies.close(HandOffStateMachine.ConnectionID(rawValue: raw).place, reset: false)
        }
        return true
    }

    /// False: the worker broke the protocol.
    func closed(_ connections: [UInt64], by id: WorkerID) -> Bool {
        for raw in connections {
            let closing = ledger.closed(raw, by: id)
            if closing != .violation { addresses?.ended(raw) }
            switch closing {
            case .unclaimed: copies.close(HandOffStateMachine.ConnectionID(rawValue: raw).place, reset: false)
            case .claimed: break
            case .violation: return false
            }
        }
        return true
    }

    /// The worker could not take them in: they are held again, and it is given nothing more for the moment. False: the
    /// worker broke the protocol.
    func returned(_ connections: [UInt64], by id: WorkerID) -> Bool {
        for raw in connections {
            if ledger.returnedForgotten(raw, by: id) {
                addresses?.ended(raw)
                continue
            }
            guard ledger.returned(raw, by: id) else { return false }
        }
        ledger.setBlocked(id, true)
        return true
    }

    /// Asks the kernel about each connection that a dead worker had not claimed: untouched ones go to another worker,
    /// the others are reset. Gives how many there were of each.
    func workerDied(_ id: WorkerID, now: Instant) -> (kept: Int, lost: Int) {
        var kept = 0
        var lost = 0
        let unclaimed = ledger.workerDied(id)
        addresses?.workerDied(id, keeping: Set(unclaimed.map(\.rawValue)))
        for connection in unclaimed {
            let consumed = kernel.bytesConsumed(copies.raw(at: connection.place))
            let intact =
                consumed == 0 && !DeliberateFault.isOn(.unreadConnectionsLost)
                || DeliberateFault.isOn(.readConnectionsRedelivered)
            ledger.examined(connection, intact: intact, now: now)
            if intact {
                kept += 1
            } else {
                lost += 1
                addresses?.ended(connection.rawValue)
                copies.close(connection.place, reset: true)
            }
        }
        return (kept, lost)
    }

    /// Resets the connections that have waited too long for a worker (`.never`: all); gives how many.
    func giveUpHeld(until now: Instant) -> Int {
        let given = ledger.giveUpHeld(until: now)
        for connection in given {
            addresses?.ended(connection.rawValue)
            copies.close(connection.place, reset: true)
        }
        return given.count
    }
}
