// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared
import Testing

@testable import Supervisor

@Suite struct ConfigurationReferenceTests {
    /// The page in the repository is what the table says now.
    @Test func thePageIsTheTable() throws {
        let root = (1...4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let page = try String(
            contentsOfFile: root.appendingPathComponent("docs/configuration.md").path, encoding: .utf8)
        let wanted = ConfigurationReference.markdown()
        let differing = zip(page.split(separator: "\n"), wanted.split(separator: "\n")).first { $0 != $1 }
        #expect(page == wanted, "run `make docs`; first: \(differing.map { "\($0) / \($1)" } ?? "an end is missing")")
    }

    @Test func everyKindOfKeyHasItsRow() {
        let page = ConfigurationReference.markdown([
            ConfigurationKey(path: "a", kind: .list, fallback: .required, meaning: "A list."),
            ConfigurationKey(path: "a[].b", kind: .file, fallback: .none, meaning: "A file | or <none>."),
            ConfigurationKey(path: "c", kind: .duration, fallback: .value("5s"), meaning: "How long."),
        ])
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("## ") || $0.hasPrefix("| `") }
        #expect(
            rows == [
                "## a", "| `a` | list | **required** | A list. |",
                "| `a[].b` | path |  | A file \\| or &lt;none>. |", "## c", "| `c` | duration | `5s` | How long. |",
            ])
    }

    /// The file that the package installs is read without a complaint but for the files that the administrator brings.
    @Test func thePackagedFileOnlyLacksFiles() throws {
        let root = (1...4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let text = try String(
            contentsOfFile: root.appendingPathComponent("packaging/etc/lychgate.yaml").path, encoding: .utf8)
        let folder = try ConfigurationFolder(["lychgate.yaml": text, "kubernetes-ca.crt": "x"])
        let configuration = try folder.load().configuration
        #expect(configuration.listeners.map(\.name) == ["main"])
        #expect(configuration.listeners.first?.address == nil)
    }
}
