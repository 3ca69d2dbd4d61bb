// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Logging
import Shared

/// `lychgate-worker ROLE`: the program of every child. The supervisor starts it; nobody else has the descriptors it needs.
@main
enum WorkerMain {
    static func main() {
        lg_ignore_sigpipe()
        // Keys and tokens are in this memory: no core dump, no debugger but root's.
        _ = lg_set_dumpable(false)
        // Started by a descriptor, it would be called by that one's number.
        ProcessImage.setName("lychgate-worker")
        let role = CommandLine.arguments.dropFirst().first ?? ""
        exit(run(role))
    }

    private static func run(_ role: String) -> Int32 {
        // Those that only answer a question end with whoever asked it.
        if ["check", "version", "explain"].contains(role) { ParentDeath.endsThisProcess() }
        switch role {
        case "gateway": return GatewayRole.run()
        case "keyring": return KeyringRole.run()
        case "admin": return AdminRole.run()
        case "check": return CheckService.run()
        case "version": return VersionService.run()
        case "explain": return ExplainService.run()
        default:
            StandardErrorLog.write(Array("lychgate-worker: unknown role '\(role)'\n".utf8))
            return ExitCode.usage
        }
    }
}
