// SPDX-License-Identifier: Apache-2.0

/// A secret that came inline in a kubeconfig: it can be passed on and used, but not printed by accident.
///
/// Interpolation, `print`, `dump` and a test's failure message all show `(secret)`. Encoding does write the text: the
/// configuration travels to a worker in a sealed memory file that only our own processes hold.
package struct SecretText: Codable, Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The secret itself. Never put it into a message.
    package let exposed: String

    package init(_ text: String) {
        self.exposed = text
    }

    package init(from decoder: any Decoder) throws {
        self.exposed = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.exposed)
    }

    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
