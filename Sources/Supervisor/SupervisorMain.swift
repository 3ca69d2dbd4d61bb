// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Shared

/// `lychgate`: parses the command line, runs the command, and gives each kind of failure its exit code.
@main
enum SupervisorMain {
    static func main() {
        // Before the arguments: whatever this version makes of them, the gateway goes on.
        if let handOver = UpgradeHandOver.take() {
            ProcessImage.exit(Landing.run(handOver))
        }
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let refusal = RefusedFlags.refusal(of: arguments) {
            StandardError.write("lychgate: \(refusal)")
            ProcessImage.exit(Shared.ExitCode.usage)
        }
        do {
            var command = try Lychgate.parseAsRoot(GatewayFlags.separatingEmptyValues(arguments))
            try command.run()
        } catch {
            Self.end(with: error)
        }
    }

    private static func end(with error: any Error) -> Never {
        switch error {
        case let error as ConfigurationError:
            StandardError.write(error.description)
            ProcessImage.exit(Shared.ExitCode.configuration)
        case let error as CommandFailure:
            StandardError.write("lychgate: \(error)")
            ProcessImage.exit(Shared.ExitCode.failure)
        case let code as ArgumentParser.ExitCode:
            ProcessImage.exit(code.rawValue)
        default:
            // Help and version are "errors" of the parser, too.
            let message = Lychgate.fullMessage(for: error)
            if Lychgate.exitCode(for: error) == .success {
                print(message)
                ProcessImage.exit(Shared.ExitCode.success)
            }
            StandardError.write(message)
            ProcessImage.exit(Shared.ExitCode.usage)
        }
    }
}
