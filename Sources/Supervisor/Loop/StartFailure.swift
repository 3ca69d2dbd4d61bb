// SPDX-License-Identifier: Apache-2.0

import Shared

/// Why the supervisor cannot start.
enum StartFailure: Error, CustomStringConvertible {
    case badAddress(listener: String, address: String)
    case cannotListen(listener: String, address: String, Errno)
    case noSocket(listener: String, passed: [String])
    case notListening(listener: String)
    case noWorkerExecutable(configured: String?)
    case controlSocketTaken(path: String)
    case controlSocket(path: String, Errno)
    case system(String, Errno)

    var description: String {
        switch self {
        case .badAddress(let listener, let address):
            "listener \(listener): \(address) is not ADDRESS:PORT with a numeric address"
        case .cannotListen(let listener, let address, let error) where error == .addressInUse:
            "listener \(listener): another process listens on \(address) already"
        case .cannotListen(let listener, let address, let error):
            "listener \(listener): cannot listen on \(address): \(error)"
        case .noSocket(let listener, let passed) where passed.isEmpty:
            "listener \(listener) has no address, and systemd passed no socket"
        case .noSocket(let listener, let passed):
            "listener \(listener) has no address, and none of systemd's sockets (\(passed.joined(separator: ", "))) "
                + "has its name; write FileDescriptorName=\(listener) into the socket unit"
        case .notListening(let listener):
            "listener \(listener): systemd's socket is not a listening stream socket"
        case .noWorkerExecutable(let configured?):
            "cannot run \(configured) (workers.executable)"
        case .noWorkerExecutable(nil):
            "lychgate-worker is neither beside lychgate nor in \(Companion.libraryFolder); write workers.executable"
        case .controlSocketTaken(let path):
            "another process listens on the control socket \(path) already; is a second gateway meant to run here?"
        case .controlSocket(let path, let error):
            "cannot make the control socket \(path): \(error); write a path that this user may create at control.socket"
        case .system(let what, let error):
            "\(what): \(error)"
        }
    }

    var exitCode: Int32 {
        switch self {
        case .badAddress, .noSocket, .notListening, .noWorkerExecutable: ExitCode.configuration
        case .cannotListen, .controlSocketTaken, .controlSocket, .system: ExitCode.failure
        }
    }
}
