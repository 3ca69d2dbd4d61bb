// SPDX-License-Identifier: Apache-2.0

import Shared

extension HandOffStateMachine {
    /// What there is to know of a ledger, for the next program of this supervisor: unclaimed connections keep their
    /// names, for their workers still say them.
    struct Saved: Codable, Equatable {
        struct Connection: Codable, Equatable {
            var id: UInt64
            /// Whom it was handed to; nil: it is held.
            var holder: WorkerID?
            var listener: UInt16
            var peer: SocketAddress
            var attempts: Int
            var deadline: Instant
        }

        struct Taker: Codable, Equatable {
            var id: WorkerID
            var limit: Int
            var claimed: Int
            var accepting: Bool
            /// What it has without a copy of ours; nil: the program before forgot none.
            var forgotten: [UInt64]?
        }

        /// In the order of their places.
        var connections: [Connection]
        var takers: [Taker]
        var sequence: UInt64
        var lastChosen: Int
        var counts: Counts
    }

    /// Nothing may be under examination: that begins and ends within one turn of the loop.
    var saved: Saved {
        .init(
            connections: entries.filter { $0.id != 0 }.map { entry in
                var holder: WorkerID?
                if case .handed(let id) = entry.stage { holder = id }
                return .init(
                    id: entry.id, holder: holder, listener: entry.listener, peer: entry.peer,
                    attempts: entry.attempts, deadline: entry.deadline)
            },
            takers: workers.compactMap { $0 }.map { worker in
                .init(
                    id: worker.id, limit: worker.limit, claimed: worker.claimed, accepting: worker.accepting,
                    forgotten: forgotten.filter { $0.value == worker.id }.keys.sorted())
            },
            sequence: sequence, lastChosen: lastChosen, counts: counts)
    }

    /// Becomes what was saved; it must be new. False: it has no room for that.
    mutating func restore(_ saved: Saved) -> Bool {
        precondition(unclaimed == 0 && sequence == 0, "there is something in it already")
        let places = saved.connections.map { ConnectionID(rawValue: $0.id).place }
        guard places.allSatisfy({ $0 < entries.count }), Set(places).count == places.count,
            saved.takers.allSatisfy({ $0.id.slot >= 0 && $0.id.slot < workers.count })
        else { return false }
        for taker in saved.takers {
            workers[taker.id.slot] = Worker(
                id: taker.id, limit: taker.limit, claimed: taker.claimed, accepting: taker.accepting)
            for id in taker.forgotten ?? [] { forgotten[id] = taker.id }
        }
        for (place, connection) in zip(places, saved.connections) {
            entries[place] = Entry(
                id: connection.id, stage: connection.holder.map { .handed($0) } ?? .held,
                listener: connection.listener, peer: connection.peer, attempts: connection.attempts,
                deadline: connection.deadline)
            if let holder = connection.holder { workers[holder.slot]?.unclaimed += 1 }
            shares.taken(by: connection.peer)
        }
        let taken = Set(places)
        freePlaces = entries.indices.reversed().filter { !taken.contains($0) }
        heldPlaces = zip(places, saved.connections).filter { $0.1.holder == nil }
            .sorted { $0.1.id < $1.1.id }.map(\.0)
        sequence = saved.sequence
        lastChosen = saved.lastChosen
        counts = saved.counts
        return true
    }
}
