// SPDX-License-Identifier: Apache-2.0

/// A command could not do what it was asked to; the process exits with 1.
struct CommandFailure: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
