// SPDX-License-Identifier: Apache-2.0

/// What `lychgate status -o json` says.
struct GatewayStatus {
    let json: JSON

    struct Worker {
        let json: JSON

        var pid: Int32 { Int32(json["pid"]?.number ?? 0) }
        var isReady: Bool { json["state"]?.text == "ready" }
    }

    var workers: [Worker] { (json["workers"]?.elements ?? []).map(Worker.init) }

    var keyringIsReady: Bool { json["keyring"]?["state"]?.text == "ready" }

    /// One figure of all workers together.
    func total(_ figure: String) -> Int {
        workers.map { $0.json[figure]?.number ?? 0 }.reduce(0, +)
    }

    /// A figure of the hand-off.
    func handoff(_ figure: String) -> Int {
        json["handoff"]?[figure]?.number ?? 0
    }

    /// The longest that upstream work outlived its client in any worker, in milliseconds.
    var longestOrphan: Double {
        workers.map { $0.json["orphanMilliseconds"]?["max"]?.fraction ?? 0 }.max() ?? 0
    }
}
