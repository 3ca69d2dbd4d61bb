// SPDX-License-Identifier: Apache-2.0

/// docs/configuration.md, out of the table that the reader itself goes by, so that the two cannot differ.
enum ConfigurationReference {
    static func markdown(_ keys: [ConfigurationKey] = ConfigurationSchema.keys) -> String {
        var lines = [Self.head]
        for section in Self.sections(keys) {
            lines.append("## \(section.name)\n")
            lines.append("| key | type | default | meaning |")
            lines.append("|---|---|---|---|")
            lines += section.keys.map(Self.row)
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }

    /// The keys by the first name of their paths, in the order of the table.
    private static func sections(_ keys: [ConfigurationKey]) -> [(name: String, keys: [ConfigurationKey])] {
        var sections: [(name: String, keys: [ConfigurationKey])] = []
        for key in keys {
            let name = String(key.path.prefix { $0 != "." && $0 != "[" })
            if let index = sections.firstIndex(where: { $0.name == name }) {
                sections[index].keys.append(key)
            } else {
                sections.append((name, [key]))
            }
        }
        return sections
    }

    private static func row(_ key: ConfigurationKey) -> String {
        let kind = key.kind == .file ? "path" : key.kind.rawValue
        let fallback =
            switch key.fallback {
            case .required: "**required**"
            case .value(let text): "`\(text)`"
            case .none: ""
            }
        return "| `\(key.path)` | \(kind) | \(fallback) | \(Self.cell(key.meaning)) |"
    }

    /// Nothing in it is markup.
    private static func cell(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("<", with: "&lt;").replacing("*", with: "\\*")
    }

    private static let head = """
        # Configuration

        One YAML document, `/etc/lychgate/lychgate.yaml` unless `--config` names another, says everything that the gateway
        is told. It is read strictly: an unknown key, a key written twice, a value of the wrong type or out of range, a file
        that is not there, and settings that contradict each other stop the start, all reported together as
        `file:line:column: key: message`, with exit code 78. `lychgate check` does the same without starting.

        * Durations are written as `500ms`, `10s`, `1m30s` or `4h`; a number alone is refused.
        * Sizes are a number of bytes, or a whole number of `KiB`, `MiB` or `GiB`.
        * Relative paths are relative to the folder of the file that they stand in.
        * Strings that look like a number or a boolean need quotes, as in `minimumVersion: "1.2"`.
        * `[]` stands for each element of a list.

        lychgate.yaml(5) also lists what contradicts what;
        [packaging/examples/lychgate.yaml](../packaging/examples/lychgate.yaml) has every key in its place.

        This page is generated from the program's own table of keys (`make docs`).

        """
}
