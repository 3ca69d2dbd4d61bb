// SPDX-License-Identifier: Apache-2.0

/// The version of all binaries of one build; `lychgate version` prints it.
package enum Version {
    /// What the sources are.
    private static let ofSources = "0.1.0"
    /// What scripts/stamp-version wrote into the program, for builds that are told apart; else the sources'.
    package static let current = VersionStamp.text ?? ofSources
}
