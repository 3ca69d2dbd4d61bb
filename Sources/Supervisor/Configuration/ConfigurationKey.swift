// SPDX-License-Identifier: Apache-2.0

/// One key of `kind: GatewayConfiguration`, as the reader knows it and the reference describes it.
struct ConfigurationKey: Equatable, Sendable {
    /// What may be written as the value.
    enum Kind: String, Sendable {
        case mapping
        case list
        case string
        case boolean
        case integer
        case size
        case duration
        case file
    }

    /// What happens when the key is left out.
    enum Default: Equatable, Sendable {
        /// The start is refused.
        case required
        /// As if this YAML text had been written.
        case value(String)
        /// Nothing is set; the meaning says what that means.
        case none
    }

    /// The key path; `[]` stands for each element of a list.
    var path: String
    var kind: Kind
    var fallback: Default
    /// One sentence.
    var meaning: String
}
