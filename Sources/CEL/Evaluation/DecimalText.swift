// SPDX-License-Identifier: Apache-2.0

/// Doubles as decimal text, in the forms that Go's `strconv.FormatFloat` gives them.
enum DecimalText {
    /// The fewest digits that give the number back, with an exponent if that is below -4 or above 5: Go's `%g`, which is
    /// cel-go's `string(double)`.
    static func general(_ number: Double) -> String {
        guard number.isFinite else { return number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf" }
        let (sign, digits, exponent) = shortest(number)
        guard exponent < -4 || exponent >= 6 else { return sign + placed(digits, point: exponent + 1) }
        var mantissa = digits
        if mantissa.count > 1 { mantissa.insert(".", at: mantissa.index(after: mantissa.startIndex)) }
        return sign + mantissa + exponentText(exponent)
    }

    /// The fewest digits, without an exponent.
    static func plain(_ number: Double) -> String {
        guard number.isFinite else { return named(number) }
        let (sign, digits, exponent) = shortest(number)
        return sign + placed(digits, point: exponent + 1)
    }

    /// So many digits after the point, ties to even.
    static func fixed(_ number: Double, precision: Int) -> String {
        guard number.isFinite else { return named(number) }
        var (digits, scale) = exact(number)
        if digits.count <= scale { digits = [UInt8](repeating: 0, count: scale + 1 - digits.count) + digits }
        let kept = round(digits, keeping: digits.count - scale + precision)
        let point = kept.count - precision
        let whole = text(kept[..<point])
        return (number.sign == .minus ? "-" : "") + whole + (precision > 0 ? "." + text(kept[point...]) : "")
    }

    /// One digit, so many digits after the point, and the exponent.
    static func scientific(_ number: Double, precision: Int) -> String {
        guard number.isFinite else { return named(number) }
        var (digits, scale) = exact(number)
        if number == 0 { (digits, scale) = ([0], 0) }
        var exponent = digits.count - 1 - scale
        var kept = round(digits, keeping: precision + 1)
        if kept.count > precision + 1 {
            kept.removeLast()
            exponent += 1
        }
        return (number.sign == .minus ? "-" : "") + text(kept[..<1]) + (precision > 0 ? "." + text(kept[1...]) : "")
            + exponentText(exponent)
    }

    /// As `format` and `string` of cel-go's formatter call what is no finite number.
    static func named(_ number: Double) -> String {
        number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
    }

    // MARK: Parts

    private static func text(_ digits: some Sequence<UInt8>) -> String {
        digits.map { String($0) }.joined()
    }

    private static func exponentText(_ exponent: Int) -> String {
        (exponent < 0 ? "e-" : "e+") + (abs(exponent) < 10 ? "0" : "") + String(abs(exponent))
    }

    /// The digits with the point after the first `point` of them, zeros filled in on either side.
    private static func placed(_ digits: String, point: Int) -> String {
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.utf8.count { return digits + String(repeating: "0", count: point - digits.utf8.count) }
        return String(digits.prefix(point)) + "." + String(digits.dropFirst(point))
    }

    /// Sign, significant digits and the exponent of the first of them, out of Swift's own shortest form.
    private static func shortest(_ number: Double) -> (sign: String, digits: String, exponent: Int) {
        let parts = number.magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = mantissa[0]
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + whole.count - 1
        var digits = Substring(whole + fraction)
        while digits.count > 1, digits.hasPrefix("0") {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.hasSuffix("0") { digits.removeLast() }
        return (number.sign == .minus ? "-" : "", String(digits), digits == "0" ? 0 : exponent)
    }

    /// All digits of the number's exact value, the last `scale` of them after the point.
    ///
    /// m · 2^e is an integer for e ≥ 0; else it is m · 5^-e / 10^-e.
    private static func exact(_ number: Double) -> (digits: [UInt8], scale: Int) {
        guard number != 0 else { return ([0], 0) }
        var mantissa = number.significandBitPattern
        var exponent = Int(number.exponentBitPattern) - 1_075
        if number.exponentBitPattern == 0 { exponent += 1 } else { mantissa |= 1 << 52 }
        while mantissa & 1 == 0 {
            mantissa >>= 1
            exponent += 1
        }
        // Limbs of nine decimal digits, the lowest first.
        var limbs: [UInt64] = []
        while mantissa > 0 {
            limbs.append(mantissa % 1_000_000_000)
            mantissa /= 1_000_000_000
        }
        for _ in 0..<abs(exponent) {
            var carry: UInt64 = 0
            for index in limbs.indices {
                let product = limbs[index] * (exponent < 0 ? 5 : 2) + carry
                limbs[index] = product % 1_000_000_000
                carry = product / 1_000_000_000
            }
            if carry > 0 { limbs.append(carry) }
        }
        var digits: [UInt8] = []
        for limb in limbs {
            var rest = limb
            for _ in 0..<9 {
                digits.append(UInt8(rest % 10))
                rest /= 10
            }
        }
        while digits.count > 1, digits.last == 0 { digits.removeLast() }
        return (digits.reversed(), max(0, -exponent))
    }

    /// The first `count` digits, rounded by the rest, ties to even; one digit more if rounding carries out. Filled with
    /// zeros where there are fewer.
    private static func round(_ digits: [UInt8], keeping count: Int) -> [UInt8] {
        guard count < digits.count else { return digits + [UInt8](repeating: 0, count: count - digits.count) }
        var kept = Array(digits[..<count])
        let rest = digits[count...]
        let isTie = rest.first == 5 && rest.dropFirst().allSatisfy { $0 == 0 }
        let isUp = isTie ? (kept.last ?? 0) % 2 == 1 : (rest.first ?? 0) >= 5
        guard isUp else { return kept }
        for index in kept.indices.reversed() {
            guard kept[index] == 9 else {
                kept[index] += 1
                return kept
            }
            kept[index] = 0
        }
        return [1] + kept
    }
}
