// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared
import Testing

/// The proof that the simulator sees: each deliberate fault, switched on alone, must make some world go wrong. A child
/// process runs the worlds, since a fault is chosen at a process's start, and may well end in a trap.
@Suite struct FaultTests {
    /// The world that showed each fault when it was last looked for among all: the search begins there.
    private static let shownBy: [DeliberateFault: Int] = [
        .upstreamLivesOn: 1, .upstreamAlwaysReused: 1577, .rowNotGivenBack: 1, .staysAmongKeyWaiters: 40,
        .staysAmongPoolWaiters: 93, .connectingUpstreamForgotten: 12, .timerNotCancelled: 1, .deadlineForgotten: 17,
        .retriesAnything: 3, .retryKeepsUpstream: 38, .impersonationIgnored: 16, .statusOfAnother: 1,
        .hangupIgnored: 384,
        .hangupNotWatched: 384, .openDeadlineForgotten: 50, .idleDeadlineForgotten: 9, .fieldsOfAnother: 1,
        .flushOutlivesSession: 1, .cutLooksWhole: 76, .keepAliveNotSet: 687, .interimToOldClients: 53,
        .halfCloseEndsTunnel: 3, .tunnelEndNotTold: 3, .tunnelIdleForgotten: 43, .earlyTunnelBytesLost: 130,
        .anyUpgradeAgreed: 1, .streamResetIgnored: 1, .gapInBodyIgnored: 6588, .truncationIsEnd: 53, .byteLost: 3,
        .foreignFieldsPass: 11, .idleExpiryForgotten: 2, .poolBoundIgnored: 93, .strayBytesIgnored: 1,
        .failureToldForEver: 325, .closeNotCounted: 1, .expiryIgnored: 16, .signatureIgnored: 13, .cacheMixesTokens: 1,
        .withdrawnKeysStay: 305, .refreshForgotten: 53, .claimsTooEarly: 50, .closeNotReported: 2,
        .creditCountedTwice: 1, .creditLimitIgnored: 1, .readConnectionsRedelivered: 50, .unreadConnectionsLost: 11,
        .copyDroppedAtHandOver: 1, .lostSocketNotReturned: 45, .keysNotPassed: 2, .drainDeadlineForgotten: 85,
        .poolOutlivesWorker: 1, .drainsBeforeReady: 7, .replacementNotEnded: 7, .rollForgetsFailure: 15,
        .oldKeyringStays: 35, .memoryNotWatched: 2, .secondSignalIgnored: 60, .timerSlotHidden: 2,
        .registrationNotRemoved: 1,
    ]
    /// Worlds searched, should that one not show it any more.
    private static let worlds = 3_000

    @Test(arguments: DeliberateFault.allCases) func faultIsFound(fault: DeliberateFault) throws {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--testing-library", "swift-testing", "--filter", "SimulationTests.FaultTests/hunt"]
        var environment = ProcessInfo.processInfo.environment
        environment["LYCHGATE_FAULT"] = fault.rawValue
        environment["SWIFT_BACKTRACE"] = "enable=no"
        child.environment = environment
        let output = Pipe()
        child.standardOutput = output
        child.standardError = output
        try child.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        child.waitUntilExit()
        let line = text.split(separator: "\n").first { $0.hasPrefix("found") || $0.contains("Fatal error") }
        // A trap is an answer; being killed by somebody is none.
        let traps = [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS]
        let trapped = child.terminationReason == .uncaughtSignal && traps.contains(child.terminationStatus)
        print("fault \(fault.rawValue): \(line ?? (trapped ? "a trap" : "NOT FOUND"))")
        #expect(trapped || line != nil, "no world shows \(fault.rawValue)")
    }

    /// What the child does.
    @Test func hunt() {
        guard let fault = Environment.text("LYCHGATE_FAULT").flatMap(DeliberateFault.init) else { return }
        for seed in [Self.shownBy[fault] ?? 1] + Array(1...Self.worlds) {
            guard let violation = Simulation.run(Scenario(seed: UInt64(seed))).violation else { continue }
            print("found by world \(seed) \(violation)")
            return
        }
    }
}
