// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `lychgate-demo`: what `lychgate demo` runs, and the stand-ins alone.
@main
struct DemoMain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lychgate-demo", abstract: "An issuer and a stand-in Kubernetes API for lychgate, in one process.",
        subcommands: [RunCommand.self, StandInCommand.self, TokenCommand.self])
}
