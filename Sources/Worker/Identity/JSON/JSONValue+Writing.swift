// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// A string as JSON writes it (RFC 8259 section 7), with its quotation marks.
    static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C: text += "\\" + String(scalar)
            case 0..<0x20:
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
