// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Shared

/// `lychgate release-groups`, which the service's unit runs once its supervisor is gone.
struct ReleaseGroupsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release-groups", abstract: "Run by systemd after the gateway has ended.",
        shouldDisplay: false)

    func run() throws {
        do throws(Errno) {
            try WorkerGroups.release(ControlGroups.own.unified)
        } catch {
            StandardError.write("control groups are not released: \(error)")
            throw ArgumentParser.ExitCode(Shared.ExitCode.failure)
        }
    }
}
