// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `lychgate reference`: writes docs/configuration.md to standard output, for `make docs`.
struct ReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference", abstract: "Print the reference of all configuration keys, as Markdown.",
        shouldDisplay: false)

    func run() {
        print(ConfigurationReference.markdown(), terminator: "")
    }
}
