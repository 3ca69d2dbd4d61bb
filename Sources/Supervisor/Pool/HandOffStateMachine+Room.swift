// SPDX-License-Identifier: Apache-2.0

import Shared

/// What leaves the ledger without a word of any worker, so that it has room for newcomers, whoever fills it with
/// connections that say nothing.
extension HandOffStateMachine {
    /// Looked for at once, because each look goes through the whole ledger.
    static let forgottenAtOnce = 64

    /// Whether its address has no more than its share of the places.
    func admits(_ peer: SocketAddress, isExempt: Bool) -> Bool { shares.admits(peer, isExempt: isExempt) }

    /// Where no place is free: gives up our copies of those that have been silent longest with a worker, which the driver
    /// closes. What is lost is only that another worker would get them, should theirs die before they speak.
    mutating func makeRoom() -> [ConnectionID] {
        guard freePlaces.isEmpty else { return [] }
        var silent: [(id: UInt64, worker: WorkerID)] = []
        for entry in entries {
            if case .handed(let worker) = entry.stage { silent.append((entry.id, worker)) }
        }
        silent.sort { $0.id < $1.id }
        return silent.prefix(max(1, min(Self.forgottenAtOnce, entries.count / 64))).map { id, worker in
            // It keeps its credit, as if it had been claimed.
            workers[worker.slot]?.unclaimed -= 1
            workers[worker.slot]?.claimed += 1
            forgotten[id] = worker
            counts.forgotten = (counts.forgotten ?? 0) + 1
            let connection = ConnectionID(rawValue: id)
            free(connection.place)
            return connection
        }
    }

    /// The worker has now read from one that was forgotten: there is nothing more to say of it. False: it is none.
    mutating func claimedForgotten(_ raw: UInt64, by id: WorkerID) -> Bool {
        guard !forgotten.isEmpty, forgotten[raw] == id else { return false }
        forgotten[raw] = nil
        return true
    }

    /// The worker never got the socket of one that was forgotten, and so nobody has it any more. False: it is none.
    mutating func returnedForgotten(_ raw: UInt64, by id: WorkerID) -> Bool {
        guard claimedForgotten(raw, by: id) else { return false }
        workers[id.slot]?.claimed -= 1
        counts.forgotten = (counts.forgotten ?? 1) - 1
        counts.lost += 1
        return true
    }

    /// Gives up the held connections whose deadline has passed (`.never`: all of them); the driver resets them.
    mutating func giveUpHeld(until now: Instant) -> [ConnectionID] {
        var given: [ConnectionID] = []
        for place in heldPlaces {
            guard entries[place].deadline <= now else { continue }
            given.append(ConnectionID(rawValue: entries[place].id))
        }
        for connection in given {
            heldPlaces.removeAll { $0 == connection.place }
            counts.lost += 1
            free(connection.place)
        }
        return given
    }
}
