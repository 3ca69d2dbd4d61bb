// SPDX-License-Identifier: Apache-2.0

/// The audiences that a token names itself.
enum TokenAudiences {
    /// The `aud` of a JWT that was accepted before: nothing is verified here. Empty for a token that is none.
    static func find(in token: [UInt8]) -> [String] {
        let dots = token.indices.filter { token[$0] == UInt8(ascii: ".") }
        guard dots.count == 2, let payload = Base64URL.decode(token.span, dots[0] + 1..<dots[1]),
            let claims = try? JSONValue.parse(payload).object
        else { return [] }
        switch claims["aud"] {
        case .string(let audience): return [audience]
        case .array(let audiences): return audiences.compactMap(\.string)
        default: return []
        }
    }
}
