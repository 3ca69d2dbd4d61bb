// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Shared

/// The command line of `lychgate`.
struct Lychgate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lychgate",
        abstract: "An authentication gateway in front of the Kubernetes API.",
        discussion: "lychgate(8) and lychgate.yaml(5) say more.",
        version: Version.current,
        subcommands: [
            ServeCommand.self, CheckCommand.self, StatusCommand.self, PsCommand.self, TopCommand.self,
            KillCommand.self, ReloadCommand.self, RestartCommand.self, UpgradeCommand.self, UpgradeCheckCommand.self,
            ReleaseGroupsCommand.self,
            ExplainCommand.self, KubeconfigCommand.self, DemoCommand.self, VersionCommand.self,
            ReferenceCommand.self,
        ])
}
