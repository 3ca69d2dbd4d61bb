// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Shared

@Suite struct ProcessSightTests {
    private static let stat =
        "7 (a (b) c) S 1 7 7 0 -1 4194560 1234 0 1 0 250 125 0 0 20 0 1 0 100 1000 200 18446744073709551615\n"

    @Test func whatTheFilesSay() {
        let sight = ProcessSight(
            stat: Self.stat, wchan: "ep_poll", systemCall: "441 0x4 0x7ffd 0x100\n", ticksPerSecond: 100)
        #expect(sight.state == "S" && sight.wchan == "ep_poll" && sight.systemCall == "441")
        #expect(sight.userMilliseconds == 2_500 && sight.systemMilliseconds == 1_250)
    }

    /// Who may not trace a process is told `0`, or nothing.
    @Test(arguments: ["0", "", nil] as [String?])
    func whatIsNotToBeSeen(wchan: String?) {
        let sight = ProcessSight(stat: "", wchan: wchan, systemCall: nil, ticksPerSecond: 100)
        #expect(sight.state == nil && sight.wchan == nil && sight.systemCall == nil)
        #expect(sight.userMilliseconds == nil && sight.systemMilliseconds == nil)
    }

    @Test func ourselves() {
        let sight = ProcessSight(pid: getpid())
        #expect(sight.state == "R" || sight.state == "S")
        #expect(sight.userMilliseconds != nil && sight.systemMilliseconds != nil)
    }
}
