// SPDX-License-Identifier: Apache-2.0

/// A member's name compared byte for byte.
///
/// Swift's `String` compares by canonical equivalence (the Kelvin sign equals `K`), which JSON, JOSE and Kubernetes do not.
struct ExactName: Hashable, Sendable {
    let string: String

    static func == (left: Self, right: Self) -> Bool { left.string.isExactly(right.string) }

    func hash(into hasher: inout Hasher) {
        for byte in string.utf8 { hasher.combine(byte) }
    }
}

extension String {
    /// Whether both hold the same UTF-8 bytes; `==` would also call canonically equivalent strings equal.
    func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
