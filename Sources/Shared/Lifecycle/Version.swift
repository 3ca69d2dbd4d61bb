// SPDX-License-Identifier: Apache-2.0

/// The version of all binaries of one build; `lychgate version` prints it.
package enum Version {
    package static let current = "0.1.0"
}
