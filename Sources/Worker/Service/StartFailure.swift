// SPDX-License-Identifier: Apache-2.0

import Shared

/// Why a child cannot start.
enum StartFailure: Error, CustomStringConvertible {
    /// What it was told cannot be carried out; the exit code is 78.
    case configuration(String)
    case system(String, Errno)

    var description: String {
        switch self {
        case .configuration(let text): text
        case .system(let what, let errno): "\(what): \(errno)"
        }
    }

    var exitCode: Int32 {
        switch self {
        case .configuration: ExitCode.configuration
        case .system: ExitCode.failure
        }
    }
}
