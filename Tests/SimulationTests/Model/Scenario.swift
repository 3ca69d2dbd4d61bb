// SPDX-License-Identifier: Apache-2.0

/// What a seed stands for: how large a world is, how long it lives, and which troubles it knows.
struct Scenario: Equatable {
    let seed: UInt64
    var workers: Int
    var clients: Int
    /// Of them in addition, those that speak HTTP/2.
    var http2Clients: Int
    /// Some of the requests by HTTP/1 ask for one.
    var hasTunnels: Bool
    var requestsPerClient: Int
    /// Virtual seconds in which clients come.
    var activeSeconds: Int
    var troubles: Set<Trouble>

    init(seed: UInt64) {
        self.seed = seed
        var random = Random(seed: seed, stream: 1)
        workers = random.within(1...3)
        clients = random.within(2...10)
        // A stream of its own, so that worlds without them are what they were.
        var more = Random(seed: seed, stream: 8)
        http2Clients = more.chance(40) ? more.within(1...4) : 0
        hasTunnels = more.chance(40)
        requestsPerClient = random.within(1...4)
        activeSeconds = random.within(3...25)
        troubles = []
        // One world in twenty is calm: there every request must succeed.
        guard !random.chance(5) else { return }
        let share = random.pick([8, 20, 40])
        for trouble in Trouble.allCases where random.chance(share) { troubles.insert(trouble) }
    }

    func has(_ trouble: Trouble) -> Bool { troubles.contains(trouble) }

    /// The worlds that are a little smaller than this one.
    var smaller: [Scenario] {
        var list: [Scenario] = []
        func add(_ change: (inout Scenario) -> Void) {
            var copy = self
            change(&copy)
            if copy != self { list.append(copy) }
        }
        add { $0.clients = max(1, clients / 2) }
        for trouble in Trouble.allCases where has(trouble) { add { $0.troubles.remove(trouble) } }
        add { $0.clients = max(1, clients - 1) }
        add { $0.clients = 0 }
        add { $0.http2Clients = 0 }
        add { $0.http2Clients = max(0, http2Clients - 1) }
        add { $0.hasTunnels = false }
        add { $0.requestsPerClient = max(1, requestsPerClient - 1) }
        add { $0.workers = max(1, workers - 1) }
        add { $0.activeSeconds = max(3, activeSeconds / 2) }
        return list
    }
}

extension Scenario: CustomStringConvertible {
    var description: String {
        let names = Trouble.allCases.filter(has).map(\.rawValue).joined(separator: " ")
        return
            "seed \(seed): \(workers) workers, \(clients) clients, \(http2Clients) by HTTP/2, "
            + "\(hasTunnels ? "tunnels, " : "")\(requestsPerClient) requests each, "
            + "\(activeSeconds) s, troubles: \(names.isEmpty ? "none" : names)"
    }
}
