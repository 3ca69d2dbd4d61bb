// SPDX-License-Identifier: Apache-2.0

/// A quantity of Kubernetes' API (k8s.io/apimachinery/pkg/api/resource): a fixed-point number of nano-units.
///
/// As there, what is finer than a nano-unit is rounded away from zero, and what is beyond 2^63 - 1 units is cut to that.
package struct Quantity: Hashable, Sendable {
    private static let unit: Int128 = 1_000_000_000
    private static let largest = Int128(Int64.max) * unit

    let nanos: Int128

    private init(nanos: Int128) {
        self.nanos = nanos
    }

    init(_ number: Int64) {
        nanos = Int128(number) * Self.unit
    }

    /// A decimal number with a suffix: n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or an exponent such as e3. Nil if malformed.
    init?(_ text: String) {
        // Much longer than any quantity, and short enough for the arithmetic on digits.
        guard text.utf8.count <= 256 else { return nil }
        var rest = Array(text.utf8)[...]
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        func takeDigits() -> [UInt8] {
            let digits = rest.prefix { Unicode.Scalar($0).isDigit }
            rest = rest.dropFirst(digits.count)
            return digits.map { $0 - UInt8(ascii: "0") }
        }
        let whole = takeDigits()
        var fraction: [UInt8] = []
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = takeDigits()
        }
        guard !whole.isEmpty || !fraction.isEmpty, let suffix = Self.suffix(String(decoding: rest, as: UTF8.self))
        else {
            return nil
        }
        var digits = whole + fraction
        for _ in 0..<suffix.kibis { digits = Self.times1024(digits) }
        let magnitude = Self.magnitude(of: digits, shift: 9 - fraction.count + suffix.exponent)
        nanos = isNegative ? -magnitude : magnitude
    }

    private static func suffix(_ text: String) -> (exponent: Int, kibis: Int)? {
        switch text {
        case "": return (0, 0)
        case "n": return (-9, 0)
        case "u": return (-6, 0)
        case "m": return (-3, 0)
        case "k": return (3, 0)
        case "M": return (6, 0)
        case "G": return (9, 0)
        case "T": return (12, 0)
        case "P": return (15, 0)
        case "E": return (18, 0)
        case "Ki": return (0, 1)
        case "Mi": return (0, 2)
        case "Gi": return (0, 3)
        case "Ti": return (0, 4)
        case "Pi": return (0, 5)
        case "Ei": return (0, 6)
        default:
            guard text.hasPrefix("e") || text.hasPrefix("E"), let exponent = Int32(text.dropFirst()) else { return nil }
            return (Int(exponent), 0)
        }
    }

    private static func times1024(_ digits: [UInt8]) -> [UInt8] {
        var result = digits
        var carry = 0
        for place in result.indices.reversed() {
            carry += Int(result[place]) * 1_024
            result[place] = UInt8(carry % 10)
            carry /= 10
        }
        while carry > 0 {
            result.insert(UInt8(carry % 10), at: 0)
            carry /= 10
        }
        return result
    }

    /// The number that the digits are, with the point moved to the right.
    private static func magnitude(of digits: [UInt8], shift: Int) -> Int128 {
        var kept = Array(digits.drop { $0 == 0 })
        if kept.isEmpty { return 0 }
        var isRounded = false
        if shift < 0 {
            let dropped = kept.suffix(min(kept.count, -shift))
            isRounded = dropped.contains { $0 != 0 }
            kept.removeLast(dropped.count)
        } else {
            kept += [UInt8](repeating: 0, count: min(shift, 64))
        }
        // The largest has 28 digits, and so has room in an Int128.
        guard kept.count <= 30 else { return largest }
        let value = kept.reduce(Int128(0)) { $0 * 10 + Int128($1) } + (isRounded ? 1 : 0)
        return min(value, largest)
    }

    func compare(_ other: Quantity) -> Ordering { Ordering(nanos, other.nanos) }

    var signum: Int64 { Int64(nanos.signum()) }

    /// Nil if it is no integer or does not fit.
    var integer: Int64? {
        nanos % Self.unit == 0 ? Int64(exactly: nanos / Self.unit) : nil
    }

    var approximation: Double {
        Double(nanos / Self.unit) + Double(nanos % Self.unit) / 1e9
    }

    func adding(_ other: Quantity) throws(CELError) -> Quantity {
        let (sum, overflow) = nanos.addingReportingOverflow(other.nanos)
        guard !overflow else { throw .overflow }
        return Quantity(nanos: sum)
    }

    func subtracting(_ other: Quantity) throws(CELError) -> Quantity {
        let (difference, overflow) = nanos.subtractingReportingOverflow(other.nanos)
        guard !overflow else { throw .overflow }
        return Quantity(nanos: difference)
    }
}
