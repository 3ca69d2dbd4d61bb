// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How a run is asked for (`make simulate` and the mutation check set these).
enum Environment {
    /// Worlds in all.
    static var seeds: Int? { number("LYCHGATE_SEEDS") }
    /// The first of them.
    static var firstSeed: Int { number("LYCHGATE_FIRST_SEED") ?? 1 }
    /// One world only, with its trace.
    static var tracedSeed: Int? { number("LYCHGATE_TRACE") }

    static func number(_ name: String) -> Int? { text(name).flatMap { Int($0) } }

    static func text(_ name: String) -> String? {
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }
}
