// SPDX-License-Identifier: Apache-2.0

/// One of the formats of names and values that Kubernetes' API knows (library/format.go).
package enum NamedFormat: String, CaseIterable, Sendable {
    case dns1123Label
    case dns1123Subdomain
    case dns1035Label
    case qualifiedName
    case dns1123LabelPrefix
    case dns1123SubdomainPrefix
    case dns1035LabelPrefix
    case labelValue
    case uri
    case uuid
    case byte
    case date
    case datetime

    /// What is wrong with the text: one sentence, or nil if nothing is.
    func complaint(about text: String) -> String? {
        let bytes = Array(text.utf8)
        switch self {
        case .dns1123Label: return Self.label(bytes)
        case .dns1123Subdomain: return Self.subdomain(bytes)
        case .dns1035Label: return Self.label(bytes, startsWithLetter: true)
        case .dns1123LabelPrefix: return Self.label(Self.withoutTrailingDash(bytes))
        case .dns1123SubdomainPrefix: return Self.subdomain(Self.withoutTrailingDash(bytes))
        case .dns1035LabelPrefix: return Self.label(Self.withoutTrailingDash(bytes), startsWithLetter: true)
        case .qualifiedName: return Self.qualified(bytes)
        case .labelValue: return bytes.isEmpty ? nil : Self.name(bytes)
        case .uri: return URLReference(text) == nil ? "invalid URI" : nil
        case .uuid: return Self.isUUID(bytes) ? nil : "does not match the UUID format"
        case .byte: return Self.isBase64(bytes) ? nil : "invalid base64"
        case .date: return CELTimestamp(text + "T00:00:00Z") == nil || bytes.count != 10 ? "invalid date" : nil
        case .datetime: return CELTimestamp(text) == nil ? "invalid datetime" : nil
        }
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        Unicode.Scalar(byte).isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func label(_ bytes: [UInt8], startsWithLetter: Bool = false) -> String? {
        guard bytes.count <= 63 else { return "must be no more than 63 characters" }
        guard let first = bytes.first, let last = bytes.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last),
            bytes.allSatisfy({ isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }),
            !startsWithLetter || !Unicode.Scalar(first).isDigit
        else {
            return "a DNS label must consist of lower case alphanumeric characters or '-', and must start "
                + "\(startsWithLetter ? "with a letter" : "and end") and end with an alphanumeric character"
        }
        return nil
    }

    private static func subdomain(_ bytes: [UInt8]) -> String? {
        guard bytes.count <= 253 else { return "must be no more than 253 characters" }
        // Here only the whole has a bound, not each label.
        let isValid = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.first, let last = part.last else { return false }
            return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
                && part.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
        return isValid ? nil : "a lowercase RFC 1123 subdomain must consist of labels joined by '.'"
    }

    private static func withoutTrailingDash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.count > 1 && bytes.last == UInt8(ascii: "-") ? bytes.dropLast() + [UInt8(ascii: "a")] : bytes
    }

    private static func name(_ bytes: [UInt8]) -> String? {
        guard bytes.count <= 63 else { return "must be no more than 63 characters" }
        guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last),
            bytes.allSatisfy({ isAlphanumeric($0) || "-_.".utf8.contains($0) })
        else {
            return "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
                + "alphanumeric character"
        }
        return nil
    }

    private static func qualified(_ bytes: [UInt8]) -> String? {
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Array($0) }
        switch parts.count {
        case 1: return name(parts[0])
        case 2: return parts[0].isEmpty ? "prefix part must be non-empty" : subdomain(parts[0]) ?? name(parts[1])
        default: return "a qualified name must be a name with an optional DNS subdomain prefix and '/'"
        }
    }

    private static func isUUID(_ bytes: [UInt8]) -> Bool {
        // The dashes are optional, each by itself.
        var rest = bytes[...]
        for (place, count) in [8, 4, 4, 4, 12].enumerated() {
            if place > 0, rest.first == UInt8(ascii: "-") { rest.removeFirst() }
            guard rest.prefix(count).count == count, rest.prefix(count).allSatisfy({ Unicode.Scalar($0).isHexDigit })
            else { return false }
            rest = rest.dropFirst(count)
        }
        return rest.isEmpty
    }

    private static func isBase64(_ bytes: [UInt8]) -> Bool {
        let padding = bytes.suffix(2).count { $0 == UInt8(ascii: "=") }
        return bytes.count.isMultiple(of: 4)
            && bytes.dropLast(padding).allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/")
            }
    }
}
