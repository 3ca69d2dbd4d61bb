// SPDX-License-Identifier: Apache-2.0

import Glibc
import Shared
import Testing

/// Whole worlds: see `Simulation`.
@Suite struct SimulationTests {
    @Test func worldsHold() {
        let count = Environment.number("LYCHGATE_SEEDS") ?? 200
        let first = Environment.number("LYCHGATE_FIRST_SEED") ?? 1
        var failures = 0
        for seed in first..<(first + count) {
            if Environment.number("LYCHGATE_VERBOSE") != nil { StandardErrorLog.write(Array("seed \(seed)\n".utf8)) }
            let outcome = Simulation.run(Scenario(seed: UInt64(seed)))
            if let violation = outcome.violation {
                failures += 1
                print("VIOLATION \(Scenario(seed: UInt64(seed)))\n   \(violation)")
                if failures > 15 { break }
            }
        }
        #expect(failures == 0)
    }
}

enum Environment {
    static func number(_ name: String) -> Int? {
        guard let text = unsafe getenv(name) else { return nil }
        return Int(unsafe String(cString: text))
    }
}

/// One world, line by line: `LYCHGATE_SEED=n`.
@Suite struct TraceTests {
    @Test func traceOneWorld() {
        guard let seed = Environment.number("LYCHGATE_SEED") else { return }
        let outcome = Simulation.run(Scenario(seed: UInt64(seed)), recordsLines: true)
        for line in outcome.lines.suffix(Environment.number("LYCHGATE_LINES") ?? 60) { print(line) }
        print(outcome.violation ?? "no violation", String(outcome.hash, radix: 16))
    }
}
