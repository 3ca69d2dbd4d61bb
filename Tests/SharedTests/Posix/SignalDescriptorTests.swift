// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Shared

@Suite("Signal descriptor")
struct SignalDescriptorTests {
    /// In a process of its own: what is blocked and ignored belongs to the whole process.
    @Test func signalsComeAsRecords() async {
        await #expect(processExitsWith: .success) {
            let signals = try SignalDescriptor([SIGUSR1, SIGTERM])
            #expect(signals.next() == nil)
            raise(SIGTERM)
            raise(SIGUSR1)
            raise(SIGUSR1)
            var seen: [Int32] = []
            while let signal = signals.next() { seen.append(signal) }
            #expect(seen.sorted() == [SIGUSR1, SIGTERM].sorted(), "of the same kind, one waits at most")
            raise(SIGPIPE)
        }
    }
}
