// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared

extension AddressLimiter {
    /// Who holds which connections, for the next program of this supervisor. How many each address has begun of late is
    /// not in it: at most, it may begin two seconds' worth once more.
    struct Saved: Codable, Equatable {
        /// Each one once.
        var addresses: [SocketAddress]
        /// A record for each connection; there may be hundreds of thousands.
        var connections: Data
    }

    /// Stands for no worker.
    private static let nobody = UInt16.max

    var saved: Saved {
        var places: [SocketAddress: UInt32] = [:]
        var addresses: [SocketAddress] = []
        var records = RecordWriter()
        for (id, holding) in holdings {
            let place = places[holding.address] ?? UInt32(addresses.count)
            if Int(place) == addresses.count {
                addresses.append(holding.address)
                places[holding.address] = place
            }
            records.write(id)
            records.write(place)
            records.write(holding.worker.map { UInt16($0.slot) } ?? Self.nobody)
            records.write(holding.worker?.generation ?? 0)
        }
        return Saved(addresses: addresses, connections: Data(records.bytes))
    }

    /// Counts on from there; a record that cannot be read ends it, because what follows is counted for nobody.
    mutating func restore(_ saved: Saved, now: Instant) {
        var records = RecordReader(ArraySlice(saved.connections))
        while records.remaining > 0, let (id, holding) = Self.read(&records, addresses: saved.addresses) {
            guard holdings[id] == nil, var entry = entries[holding.address] ?? fresh(now) else { continue }
            entry.connections += 1
            entries[holding.address] = entry
            holdings[id] = holding
        }
    }

    private static func read(_ records: inout RecordReader, addresses: [SocketAddress]) -> (UInt64, Holding)? {
        do throws(RecordError) {
            let id: UInt64 = try records.read()
            let place: UInt32 = try records.read()
            let slot: UInt16 = try records.read()
            let generation: UInt32 = try records.read()
            guard addresses.indices.contains(Int(place)) else { return nil }
            let worker = slot == nobody ? nil : WorkerID(slot: Int(slot), generation: generation)
            return (id, Holding(address: addresses[Int(place)], worker: worker))
        } catch {
            return nil
        }
    }
}

extension AddressLimiter.Refusals {
    /// By `AddressLimiter.Refusal`.
    var saved: [String: UInt64] {
        .init(uniqueKeysWithValues: AddressLimiter.Refusal.allCases.map { ($0.rawValue, self[$0]) })
    }

    mutating func restore(_ saved: [String: UInt64]) {
        for (name, count) in saved {
            if let refusal = AddressLimiter.Refusal(rawValue: name) { self[refusal] = count }
        }
    }
}
