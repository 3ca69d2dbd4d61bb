// SPDX-License-Identifier: Apache-2.0

/// What can go wrong in the harness itself, as opposed to an expectation that does not hold.
package enum HarnessError: Error, CustomStringConvertible {
    /// A system call or a library call failed.
    case system(call: String, reason: String)
    /// The peer did something other than what the script is about.
    case unexpected(String)
    /// A wait had a deadline, and it passed.
    case timedOut(waitingFor: String)

    package var description: String {
        switch self {
        case .system(let call, let reason): "\(call): \(reason)"
        case .unexpected(let what): what
        case .timedOut(let what): "timed out waiting for \(what)"
        }
    }
}
