// SPDX-License-Identifier: Apache-2.0

/// The exit codes of every binary of ours (sysexits.h's where it has one).
package enum ExitCode {
    package static let success: Int32 = 0
    package static let failure: Int32 = 1
    package static let usage: Int32 = 2
    /// EX_CONFIG: the configuration is wrong; starting again without changing it is useless.
    package static let configuration: Int32 = 78
}
