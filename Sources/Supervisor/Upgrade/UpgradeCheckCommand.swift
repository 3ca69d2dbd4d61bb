// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Shared

/// `lychgate upgrade-check`, which only a supervisor runs: would this program take over from it?
struct UpgradeCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: UpgradeCheckRun.command, abstract: "Run by a supervisor before it becomes this program.",
        shouldDisplay: false)

    func run() throws {
        do {
            try Self.check()
        } catch {
            let report = Array("\(error)".utf8)
            if let file = try? FileDescriptor.duplicate(UpgradeCheckRun.reportDescriptor) {
                try? MemoryFile.append(report, to: file)
            }
            throw ArgumentParser.ExitCode(Shared.ExitCode.failure)
        }
    }

    private static func check() throws {
        // It must not outlive the supervisor that asks, and its own children end with it.
        ParentDeath.endsThisProcess()
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try MemoryFile.read(try FileDescriptor.duplicate(UpgradeCheckRun.stateDescriptor))
        } catch {
            throw UpgradeFailure.noState
        }
        let next = try UpgradeSettings(of: try UpgradeState(bytes))
        try next.checkWorker()
    }
}
