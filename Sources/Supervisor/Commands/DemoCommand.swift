// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Shared

/// `lychgate demo`: becomes `lychgate-demo run`, which is a program of its own so that the gateway holds none of it.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Try the gateway with a stand-in issuer and API server.",
        discussion: "With --tour it shows by itself what the gateway does, and exits with 0 only if all of it held.")

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("Passed on to lychgate-demo.", valueName: "argument"))
    var arguments: [String] = []

    func run() throws {
        if self.arguments.contains("--help") || self.arguments.contains("-h") {
            throw CleanExit.helpRequest(self)
        }
        guard let program = Companion.path(of: "lychgate-demo") else {
            throw CommandFailure(
                "lychgate-demo is neither beside lychgate nor in \(Companion.libraryFolder); on Debian it is in the"
                    + " package lychgate-demo")
        }
        let error = ProcessImage.replace(path: program, arguments: ["run"] + self.arguments)
        throw CommandFailure("\(program) cannot be run: \(error)")
    }
}
