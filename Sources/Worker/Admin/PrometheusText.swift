// SPDX-License-Identifier: Apache-2.0

import Shared

/// Writes Prometheus' text format, version 0.0.4. Names and label names are literals of ours; only label values come from
/// elsewhere, and are escaped.
struct PrometheusText {
    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    typealias Labels = [(name: String, value: String)]

    private(set) var text = ""
    static let prefix = "lychgate_"

    /// Begins a family; its samples follow.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(Self.prefix)\(name) \(help)\n# TYPE \(Self.prefix)\(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: Labels, _ value: UInt64) {
        sample(name, labels, "\(value)")
    }

    mutating func sample(_ name: String, _ labels: Labels, _ value: Double) {
        sample(name, labels, "\(value)")
    }

    private mutating func sample(_ name: String, _ labels: Labels, _ value: String) {
        text += Self.prefix
        text += name
        if !labels.isEmpty {
            text += "{"
            for (index, label) in labels.enumerated() {
                if index > 0 { text += "," }
                text += "\(label.name)=\"\(Self.escaped(label.value))\""
            }
            text += "}"
        }
        text += " \(value)\n"
    }

    /// A family of one value without labels.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: UInt64) {
        family(name, kind, help)
        sample(name, [], value)
    }

    /// A family of one histogram, whose values are microseconds; bounds are seconds.
    mutating func histogram(
        _ name: String, _ help: String, _ histogram: Histogram, sumMicroseconds: UInt64, bounds: [Double]
    ) {
        family(name, .histogram, help)
        for bound in bounds {
            sample("\(name)_bucket", [("le", "\(bound)")], histogram.count(upTo: UInt64(bound * 1_000_000)))
        }
        sample("\(name)_bucket", [("le", "+Inf")], histogram.count)
        sample("\(name)_sum", [], Double(sumMicroseconds) / 1_000_000)
        sample("\(name)_count", [], histogram.count)
    }

    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x22 || $0 == 0x5c || $0 == 0x0a }) else { return value }
        var escaped = ""
        for character in value.unicodeScalars {
            switch character {
            case "\"": escaped += "\\\""
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
