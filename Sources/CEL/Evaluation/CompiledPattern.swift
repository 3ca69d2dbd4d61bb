// SPDX-License-Identifier: Apache-2.0

/// A regular expression as a value: the checker puts it in place of the literal it was compiled from.
package struct CompiledPattern: Equatable, Sendable {
    let expression: RE2Pattern

    var source: String { expression.source }

    package static func == (left: CompiledPattern, right: CompiledPattern) -> Bool {
        Text.equal(left.source, right.source)
    }
}
