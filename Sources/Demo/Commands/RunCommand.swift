// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import NIOPosix

/// `lychgate-demo run`: the stand-ins and a gateway in front of them, to try or to be shown.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a gateway in front of the stand-ins, in a temporary folder.")

    @Flag(help: "Show what the gateway promises, step by step, then stop; exit 0 only if all held.")
    var tour = false

    @Flag(help: "Leave the folder behind.")
    var keep = false

    @Option(help: "The folder, which is then left behind; a temporary one unless given.")
    var directory: String?

    func run() throws {
        StopSignal.install()
        DescriptorLimit.raise()
        let folder = StandInFolder(path: directory.map { URL(fileURLWithPath: $0).path } ?? Self.temporaryPath())
        try folder.create()
        defer {
            if !keep, directory == nil { try? FileManager.default.removeItem(atPath: folder.path) }
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let standIn = try StandIn(
            folder: folder, host: "127.0.0.1", apiPort: 0, issuerPort: 0, stall: false, on: group)
        let gateway = try Gateway(standIn: standIn)
        defer { gateway.stop() }
        let took = try gateway.waitUntilReady(upTo: .seconds(40))
        StandardOutput.print("The gateway is ready after \(took.milliseconds) ms; its log: \(gateway.logFile)")
        if tour {
            let client = try TourClient(port: gateway.port, authority: folder.authority, on: group.next())
            guard Tour.run(TourStage(standIn: standIn, gateway: gateway, client: client)) else {
                StandardOutput.print("The gateway's last lines:\n\(gateway.logTail)")
                throw ExitCode.failure
            }
        } else {
            StandardOutput.print(Self.whatToTry(standIn, gateway))
            while !StopSignal.hasCome, gateway.ending == nil { Wait.sleep(.milliseconds(100)) }
            guard gateway.ending == nil else {
                StandardOutput.print("The gateway ended. Its last lines:\n\(gateway.logTail)")
                throw ExitCode.failure
            }
        }
    }

    private static func temporaryPath() -> String {
        "\(NSTemporaryDirectory())/lychgate-demo-\(UUID().uuidString.prefix(8).lowercased())"
            .replacingOccurrences(of: "//", with: "/")
    }

    private static func whatToTry(_ standIn: StandIn, _ gateway: Gateway) -> String {
        let folder = standIn.folder
        let curl = "curl --cacert \(folder.authority) -H \"Authorization: Bearer $(cat \(folder.path)/token)\""
        let url = "https://127.0.0.1:\(gateway.port)"
        return """

            As alice, with kubectl:
              export KUBECONFIG=\(folder.path)/kubeconfig
              kubectl auth whoami
              kubectl get pods --watch
              kubectl logs --follow bell
              kubectl exec -i bell -- cat
            With curl:
              \(curl) \(url)/whoami
              \(curl) \(url)/hang        # press Ctrl-C, then look at the figures below
            Tokens that are refused: token-expired, token-forged and token-unknown-kid in \(folder.path)
            Another token:
              lychgate-demo token --directory \(folder.path) --subject bob --groups ops --expires-in 5m
            What the gateway says of itself:
              lychgate status -o json --socket \(folder.path)/control.sock
            What the API has seen:
              curl --cacert \(folder.authority) \(standIn.apiURL)/stats
            Ctrl-C stops the gateway and removes the folder.
            """
    }
}
