// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// How `serve` and `check` are told what to do: by a file, or by flags, never by both.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The configuration, see lychgate.yaml(5) (default: \(ConfigurationLoader.defaultFile)).",
            valueName: "file"))
    var config: String?

    @OptionGroup(title: "Instead of a file, the flags of kube-oidc-proxy and kube-apiserver")
    var flags: GatewayFlags

    func validate() throws {
        if self.config != nil, !self.flags.isEmpty {
            throw ValidationError(
                "--config and the other flags exclude each other; write everything into the file, or leave --config out"
            )
        }
    }

    /// - Returns: the configuration with its checks passed, and what to call it in messages.
    func load() throws(ConfigurationError) -> LoadedConfiguration {
        guard self.flags.isEmpty else {
            return try ConfigurationLoader().load(flags: self.flags)
        }
        return try ConfigurationLoader().load(file: self.sourceName)
    }

    var sourceName: String {
        self.flags.isEmpty ? self.config ?? ConfigurationLoader.defaultFile : "flags"
    }
}
