// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import NIOPosix

/// `lychgate-demo stand-in`: the issuer and the stand-in API alone, until a signal.
struct StandInCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stand-in", abstract: "Run the embedded issuer and the stand-in Kubernetes API.")

    @Option(help: "Where certificates, keys and tokens are written.")
    var directory: String

    @Option(help: "The address to listen on.")
    var listen = "127.0.0.1"

    @Option(help: "The API's port; 0: any.")
    var apiPort = 0

    @Option(help: "The issuer's port; 0: any.")
    var issuerPort = 0

    @Flag(help: "Also open a port that accepts connections and never says anything.")
    var stallPort = false

    func run() throws {
        StopSignal.install()
        DescriptorLimit.raise()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let folder = StandInFolder(path: URL(fileURLWithPath: directory).path)
        let standIn = try StandIn(
            folder: folder, host: listen, apiPort: apiPort, issuerPort: issuerPort, stall: stallPort, on: group)
        StandardOutput.print(standIn.ready.line())
        StopSignal.wait()
    }
}
