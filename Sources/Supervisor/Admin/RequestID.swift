// SPDX-License-Identifier: Apache-2.0

/// A request in flight, as `lychgate ps` names it: SLOT.GENERATION/EXCHANGE.
struct RequestID: Hashable, Sendable, CustomStringConvertible {
    let worker: WorkerID
    let exchange: UInt64

    init(worker: WorkerID, exchange: UInt64) {
        self.worker = worker
        self.exchange = exchange
    }

    init?(_ text: String) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let numbers = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        let all = numbers + [halves[1]]
        // Int and UInt64 alone would take "+1".
        guard numbers.count == 2, all.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let slot = Int(numbers[0]), let generation = UInt32(numbers[1]), let exchange = UInt64(halves[1]),
            exchange > 0
        else { return nil }
        self.init(worker: WorkerID(slot: slot, generation: generation), exchange: exchange)
    }

    var description: String { "\(worker)/\(exchange)" }
}
