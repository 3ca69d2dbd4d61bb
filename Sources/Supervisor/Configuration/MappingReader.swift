// SPDX-License-Identifier: Apache-2.0

import Yams

/// Reads one YAML mapping key by key, strictly: what is not as it should be is reported, with its place, and read as
/// nil, so that reading goes on and everything wrong is found in one go.
struct MappingReader {
    /// The mapping's own key path; empty for the document.
    let path: String
    let report: LoadReport
    private let document: YAMLDocument
    private let file: String
    private let entries: [String: Node]
    private(set) var names: [String] = []

    /// Reports keys that are not among `keys`, keys that are written twice, and keys that are no strings.
    ///
    /// - Parameter keys: the keys that may be there; nil: any, as in files that belong to others.
    /// - Returns: nil when the node is no mapping, which is reported.
    init?(
        _ node: Node, path: String, file: String, document: YAMLDocument, report: LoadReport, keys: [String]?
    ) {
        guard case .mapping(let mapping) = node else {
            let known = keys ?? []
            let example =
                known.isEmpty ? "" : ": \(known.prefix(3).joined(separator: ", "))\(known.count > 3 ? ", …" : "")"
            report.blame(
                path, at: Self.place(node.mark, file: file, path: path),
                "is \(Self.kind(node)); write a mapping\(example) instead")
            return nil
        }
        var entries: [String: Node] = [:]
        var firstLines: [String: Int] = [:]
        var names: [String] = []
        for (keyNode, value) in mapping {
            let place = Self.place(keyNode.mark, file: file, path: path)
            guard case .scalar(let scalar) = keyNode else {
                report.blame("\(path)?", at: place, "holds \(Self.kind(keyNode)) as a key; write a plain name instead")
                continue
            }
            let (name, isRepeated) = document.originalKey(scalar)
            let keyPath = path.isEmpty ? name : "\(path).\(name)"
            let keyPlace = Self.place(keyNode.mark, file: file, path: keyPath)
            if let line = firstLines[name] {
                report.blame(
                    keyPath, at: keyPlace, "is written twice, first in line \(line); write it once instead")
                continue
            }
            if isRepeated {
                firstLines[name] = keyNode.mark?.line ?? 1
                continue
            }
            if let keys, !keys.contains(name) {
                let advice =
                    Spelling.nearest(to: name, among: keys).map { "did you mean `\($0)`?" }
                    ?? "write one of \(keys.joined(separator: ", ")) instead"
                report.blame(keyPath, at: keyPlace, "is no known key; \(advice)")
                continue
            }
            entries[name] = value
            names.append(name)
            report.note(keyPath, at: Self.place(value.mark, file: file, path: keyPath))
        }
        self.path = path
        self.file = file
        self.document = document
        self.report = report
        self.entries = entries
        self.names = names
    }

    /// The key path of a key of this mapping.
    func path(of key: String) -> String {
        self.path.isEmpty ? key : "\(self.path).\(key)"
    }

    func contains(_ key: String) -> Bool {
        self.entries[key] != nil
    }

    /// Whether the key holds just this word.
    func isString(_ key: String, _ word: String) -> Bool {
        guard case .scalar(let scalar) = self.entries[key] else { return false }
        return ScalarText(scalar) == .string(word)
    }

    func blame(_ key: String, _ message: String) {
        self.report.blame(self.path(of: key), message)
    }

    /// Reports a key that must be there and is not.
    func require(_ key: String, _ advice: String) {
        let path = self.path(of: key)
        // A key that is there but was refused (written twice) has its own report.
        guard !self.contains(key), self.report.isSound(path) else { return }
        self.report.blame(path, "is missing; write \(advice)")
    }

    // MARK: Values

    /// - Parameter example: what could be written, for messages.
    func string(_ key: String, example: String, mayBeEmpty: Bool = false) -> String? {
        guard let scalar = self.scalar(key, wanted: "a string: \(example)") else { return nil }
        switch ScalarText(scalar) {
        case .string(let text):
            guard mayBeEmpty || !text.isEmpty else {
                self.blame(key, "is empty; write \(example), or leave the key out")
                return nil
            }
            guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
                self.blame(key, "holds a control character; write \(example) instead")
                return nil
            }
            return text
        case .empty:
            self.blame(key, "has no value; write \(example), or leave the key out")
        case let other:
            // The value is not repeated: in a kubeconfig it may be a secret.
            self.blame(key, "is \(other.name); write it in quotes instead")
        }
        return nil
    }

    func boolean(_ key: String) -> Bool? {
        guard let scalar = self.scalar(key, wanted: "true or false") else { return nil }
        if case .boolean(let value) = ScalarText(scalar) {
            return value
        }
        self.blame(key, "is `\(Self.cut(scalar.string))`; write true or false instead")
        return nil
    }

    /// - Parameter word: a word that may stand instead of a number and was looked for already, for messages.
    func integer(_ key: String, in range: ClosedRange<Int>, orElse word: String? = nil) -> Int? {
        let number = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        let wanted = word.map { "\($0) or \(number)" } ?? number
        guard let scalar = self.scalar(key, wanted: wanted) else { return nil }
        guard case .integer(let value) = ScalarText(scalar), range.contains(value) else {
            self.blame(key, "is `\(Self.cut(scalar.string))`; write \(wanted) instead")
            return nil
        }
        return value
    }

    func size(_ key: String, in range: ClosedRange<Int>) -> Int? {
        let wanted = "a size from \(SizeText.format(range.lowerBound)) to \(SizeText.format(range.upperBound))"
        guard let scalar = self.scalar(key, wanted: wanted) else { return nil }
        guard let bytes = SizeText.parse(scalar.string) else {
            self.blame(
                key,
                "`\(Self.cut(scalar.string))` is no size; write a number of bytes or a size such as 64KiB or 256MiB")
            return nil
        }
        guard range.contains(bytes) else {
            self.blame(key, "is \(SizeText.format(bytes)); write \(wanted) instead")
            return nil
        }
        return bytes
    }

    func duration(_ key: String, in range: ClosedRange<Duration>) -> Duration? {
        let wanted =
            "a duration from \(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
        guard let scalar = self.scalar(key, wanted: wanted) else { return nil }
        guard let duration = DurationText.parse(scalar.string) else {
            if case .integer(let amount) = ScalarText(scalar) {
                self.blame(key, "`\(amount)` has no unit; write \(amount)s, or \(amount)ms")
            } else {
                self.blame(
                    key,
                    "`\(Self.cut(scalar.string))` is no duration; write one such as 500ms, 10s, 1m30s or 4h instead")
            }
            return nil
        }
        guard range.contains(duration) else {
            self.blame(key, "is \(DurationText.format(duration)); write \(wanted) instead")
            return nil
        }
        return duration
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String) -> Choice? where Choice.RawValue == String {
        let choices = Choice.allCases.map(\.rawValue)
        let quoted = choices.map { Double($0) == nil ? $0 : "\"\($0)\"" }.joined(separator: " or ")
        guard let scalar = self.scalar(key, wanted: quoted) else { return nil }
        if case .string(let text) = ScalarText(scalar), let choice = Choice(rawValue: text) {
            return choice
        }
        // 1.2 without quotes is a number, and looks just like what is wanted.
        let hint = choices.contains(scalar.string) ? " (in quotes)" : ""
        self.blame(key, "is `\(Self.cut(scalar.string))`; write \(quoted)\(hint) instead")
        return nil
    }

    /// A list of strings; an element that is none is reported and left out.
    func strings(_ key: String, example: String) -> [String]? {
        guard let sequence = self.sequence(key, wanted: "a list such as \(example)") else { return nil }
        return sequence.enumerated().compactMap { index, node in
            let path = "\(self.path(of: key))[\(index)]"
            self.report.note(path, at: Self.place(node.mark, file: self.file, path: path))
            guard case .scalar(let scalar) = node, case .string(let text) = ScalarText(scalar), !text.isEmpty else {
                self.report.blame(path, "is \(Self.kind(node)); write a string instead")
                return nil
            }
            return text
        }
    }

    /// A mapping of free names to strings.
    func stringMap(_ key: String, example: String) -> [String: String]? {
        guard let reader = self.mapping(key, keys: nil) else { return nil }
        var map: [String: String] = [:]
        for name in reader.names {
            map[name] = reader.string(name, example: example)
        }
        return map
    }

    /// A mapping inside this one; nil when the key is not there or holds something else.
    func mapping(_ key: String, keys: [String]?) -> MappingReader? {
        guard let node = self.entries[key] else { return nil }
        return MappingReader(
            node, path: self.path(of: key), file: self.file, document: self.document, report: self.report, keys: keys)
    }

    /// The mappings of a list; elements that are none are reported and left out.
    func mappings(_ key: String, keys: [String]?) -> [(index: Int, reader: MappingReader)]? {
        guard let sequence = self.sequence(key, wanted: "a list") else { return nil }
        return sequence.enumerated().compactMap { index, node in
            let path = "\(self.path(of: key))[\(index)]"
            self.report.note(path, at: Self.place(node.mark, file: self.file, path: path))
            return MappingReader(
                node, path: path, file: self.file, document: self.document, report: self.report, keys: keys
            ).map { (index, $0) }
        }
    }

    // MARK: Nodes

    private func scalar(_ key: String, wanted: String) -> Node.Scalar? {
        guard let node = self.entries[key] else { return nil }
        guard case .scalar(let scalar) = node else {
            self.blame(key, "is \(Self.kind(node)); write \(wanted) instead")
            return nil
        }
        return scalar
    }

    private func sequence(_ key: String, wanted: String) -> Node.Sequence? {
        guard let node = self.entries[key] else { return nil }
        guard case .sequence(let sequence) = node else {
            self.blame(key, "is \(Self.kind(node)); write \(wanted) instead")
            return nil
        }
        return sequence
    }

    private static func place(_ mark: Mark?, file: String, path: String) -> ConfigurationProblem.Place {
        .file(file, line: mark?.line ?? 1, column: mark?.column ?? 1, key: path)
    }

    private static func kind(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar): ScalarText(scalar).name
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    /// What was written, short enough for a message.
    private static func cut(_ text: String) -> String {
        let flat = text.map { $0.isNewline ? " " : $0 }
        return flat.count > 40 ? "\(String(flat.prefix(40)))…" : String(flat)
    }
}
