// SPDX-License-Identifier: Apache-2.0

import Shared

/// Reads a YAML document into a `GatewayConfiguration`: names, types, single values' ranges, and defaults. What one
/// setting means for another is `ConfigurationRules`' business.
struct ConfigurationDecoder {
    /// As written in messages.
    let file: String
    /// The folder that relative paths are resolved against.
    let folder: String
    let document: YAMLDocument
    let report: LoadReport
    let surroundings: Surroundings

    /// The configuration, with placeholders where something was reported; nil when the document is no configuration.
    func decode() -> GatewayConfiguration? {
        guard
            let root = MappingReader(
                self.document.root, path: "", file: self.file, document: self.document, report: self.report,
                keys: ConfigurationSchema.names(in: ""))
        else { return nil }
        self.constant(root, "apiVersion", GatewayConfiguration.apiVersion)
        self.constant(root, "kind", GatewayConfiguration.kind)
        return GatewayConfiguration(
            listeners: self.listeners(root), upstream: self.upstream(root), authentication: self.authentication(root),
            workers: self.workers(root), recycling: self.recycling(root), deadlines: self.deadlines(root),
            limits: self.limits(root), logging: self.logging(root), control: self.control(root),
            admin: self.admin(root))
    }

    private func constant(_ root: MappingReader, _ key: String, _ value: String) {
        root.require(key, "`\(key): \(value)`")
        if let text = root.string(key, example: value), text != value {
            root.blame(key, "is `\(text)`; write \(value) instead")
        }
    }

    // MARK: Sections

    private func listeners(_ root: MappingReader) -> [ListenerConfiguration] {
        root.require("listeners", "a list with at least a `name`, an `address` and `tls`")
        let readers = root.mappings("listeners", keys: ConfigurationSchema.names(in: "listeners[]")) ?? []
        return readers.map { _, reader in
            var listener = ListenerConfiguration(
                address: reader.string("address", example: "\"0.0.0.0:8443\""), tls: nil)
            if let name = reader.string("name", example: "main") {
                listener.name = name
            }
            listener.tls = self.tls(reader, keys: "listeners[].tls")
            if let proxy = reader.mapping(
                "proxyProtocol", keys: ConfigurationSchema.names(in: "listeners[].proxyProtocol"))
            {
                proxy.require("from", "the proxies' addresses, such as [10.0.0.0/8]")
                listener.proxyProtocol = .init(from: proxy.strings("from", example: "[10.0.0.0/8]") ?? [])
            }
            self.service(reader, into: &listener)
            return listener
        }
    }

    /// What the listener is for.
    private func service(_ reader: MappingReader, into listener: inout ListenerConfiguration) {
        set(&listener.mode, reader.choice("mode"))
        set(&listener.trustedProxies, reader.strings("trustedProxies", example: "[10.0.0.0/8]"))
        set(&listener.audiences, reader.strings("audiences", example: "[https://kubernetes.default.svc]"))
        listener.callerTokenFile = self.path(reader, "callerTokenFile", example: "caller-token")
        guard
            let fields = reader.mapping(
                "identityFields", keys: ConfigurationSchema.names(in: "listeners[].identityFields"))
        else { return }
        set(&listener.identityFields.user, fields.string("user", example: "X-Remote-User"))
        set(&listener.identityFields.uid, fields.string("uid", example: "X-Remote-Uid"))
        set(&listener.identityFields.group, fields.string("group", example: "X-Remote-Group"))
        set(&listener.identityFields.extraPrefix, fields.string("extraPrefix", example: "X-Remote-Extra-"))
    }

    private func tls(_ reader: MappingReader, keys: String) -> ListenerConfiguration.ServerTLS? {
        guard let tls = reader.mapping("tls", keys: ConfigurationSchema.names(in: keys)) else {
            // Refused by now; not to be taken for a listener without TLS.
            return reader.contains("tls") ? .init(certificateFile: "", keyFile: "") : nil
        }
        tls.require("certificateFile", "the path of the server's certificate")
        tls.require("keyFile", "the path of the certificate's private key")
        return .init(
            certificateFile: self.path(tls, "certificateFile", example: "tls.crt") ?? "",
            keyFile: self.path(tls, "keyFile", example: "tls.key") ?? "",
            minimumVersion: tls.choice("minimumVersion") ?? .tls12,
            clientCAFile: keys == "listeners[].tls" ? self.path(tls, "clientCAFile", example: "clients.crt") : nil)
    }

    private func admin(_ root: MappingReader) -> AdminConfiguration? {
        guard let section = self.section(root, "admin") else { return nil }
        section.require("address", "an address such as \"127.0.0.1:9402\"")
        return AdminConfiguration(
            address: section.string("address", example: "\"127.0.0.1:9402\"") ?? "",
            tls: self.tls(section, keys: "admin.tls"))
    }

    private func authentication(_ root: MappingReader) -> AuthenticationConfiguration {
        var result = AuthenticationConfiguration(oidc: nil)
        root.require("authentication", "a mapping with `oidc` or `configurationFile`")
        guard let section = self.section(root, "authentication") else { return result }
        result.oidc = self.issuer(section)
        if let path = self.path(section, "configurationFile", example: "authentication.yaml") {
            result.file = AuthenticationFile(report: self.report).load(path)
        }
        if section.contains("oidc"), section.contains("configurationFile") {
            section.blame("configurationFile", "excludes `oidc`; write the issuer into the file, or leave the file out")
        } else if !section.contains("oidc"), !section.contains("configurationFile") {
            section.require("oidc", "a mapping with `issuerURL` and `clientID`, or `configurationFile`")
        }
        set(
            &result.allowedSystemNames,
            section.strings("allowedSystemNames", example: "[\"system:monitoring\"]"))
        set(&result.tokenTypes, section.strings("tokenTypes", example: "[JWT, at+jwt]"))
        if let keys = section.mapping("keys", keys: ConfigurationSchema.names(in: "authentication.keys")) {
            let range = Duration.seconds(1) ... .seconds(86_400)
            set(&result.keys.refreshInterval, keys.duration("refreshInterval", in: range))
            set(&result.keys.minimumRefreshInterval, keys.duration("minimumRefreshInterval", in: range))
            set(&result.keys.keepFor, keys.duration("keepFor", in: .zero ... .seconds(31_536_000)))
        }
        if let cache = section.mapping("cache", keys: ConfigurationSchema.names(in: "authentication.cache")) {
            set(&result.cache.maxEntries, cache.integer("maxEntries", in: 1...10_000_000))
            set(&result.cache.acceptedFor, cache.duration("acceptedFor", in: .zero ... .seconds(86_400)))
            set(&result.cache.refusedFor, cache.duration("refusedFor", in: .zero ... .seconds(86_400)))
        }
        self.lookUps(section, &result)
        return result
    }

    private func issuer(_ section: MappingReader) -> AuthenticationConfiguration.OIDC? {
        guard let oidc = section.mapping("oidc", keys: ConfigurationSchema.names(in: "authentication.oidc")) else {
            return nil
        }
        oidc.require("issuerURL", "the issuer's https:// URL")
        oidc.require("clientID", "the audience that tokens for this gateway hold")
        var result = AuthenticationConfiguration.OIDC(issuerURL: "", clientID: "")
        set(&result.issuerURL, oidc.string("issuerURL", example: "https://issuer.example"))
        set(&result.clientID, oidc.string("clientID", example: "kubernetes"))
        result.caFile = self.path(oidc, "caFile", example: "ca.crt")
        set(&result.usernameClaim, oidc.string("usernameClaim", example: "sub"))
        result.usernamePrefix = oidc.string("usernamePrefix", example: "\"oidc:\" or \"-\"")
        result.groupsClaim = oidc.string("groupsClaim", example: "groups")
        set(&result.groupsPrefix, oidc.string("groupsPrefix", example: "\"oidc:\"", mayBeEmpty: true))
        set(&result.requiredClaims, oidc.stringMap("requiredClaims", example: "\"value\""))
        set(&result.signingAlgorithms, oidc.strings("signingAlgorithms", example: "[RS256]"))
        return result
    }

    private func workers(_ root: MappingReader) -> WorkersConfiguration {
        var result = WorkersConfiguration()
        guard let section = self.section(root, "workers") else { return result }
        if !section.isString("count", "auto") {
            result.count = section.integer("count", in: 1...1_024, orElse: "auto")
        }
        set(&result.maxConnections, section.integer("maxConnections", in: 1...1_000_000))
        set(&result.maxInFlight, section.integer("maxInFlight", in: 1...1_000_000))
        set(&result.cpuAffinity, section.choice("cpuAffinity"))
        result.executable = self.path(section, "executable", example: "/usr/libexec/lychgate/lychgate-worker")
        return result
    }

    private func recycling(_ root: MappingReader) -> RecyclingConfiguration {
        var result = RecyclingConfiguration()
        guard let section = self.section(root, "recycling") else { return result }
        result.inFlightLimit = section.integer("inFlightLimit", in: 1...1_000_000)
        set(&result.memorySoft, section.size("memorySoft", in: 1_048_576...1_099_511_627_776))
        set(&result.memoryHard, section.size("memoryHard", in: 1_048_576...1_099_511_627_776))
        set(&result.maxRequests, section.integer("maxRequests", in: 0...1_000_000_000))
        set(&result.maxAge, section.duration("maxAge", in: .zero ... .seconds(31_536_000)))
        set(&result.jitterPercent, section.integer("jitterPercent", in: 0...90))
        return result
    }

    private func deadlines(_ root: MappingReader) -> DeadlinesConfiguration {
        var result = DeadlinesConfiguration()
        guard let section = self.section(root, "deadlines") else { return result }
        for (name, deadline) in DeadlinesConfiguration.byName {
            let least = name == "drainDelay" ? Duration.zero : .milliseconds(1)
            set(&result[keyPath: deadline], section.duration(name, in: least ... .seconds(86_400)))
        }
        return result
    }

    private func limits(_ root: MappingReader) -> LimitsConfiguration {
        var result = LimitsConfiguration()
        guard let section = self.section(root, "limits") else { return result }
        set(&result.requestLine, section.size("requestLine", in: 256...1_048_576))
        set(&result.head, section.size("head", in: 1_024...1_048_576))
        set(&result.fields, section.integer("fields", in: 8...4_096))
        set(&result.bufferMemory, section.size("bufferMemory", in: 1_048_576...1_099_511_627_776))
        set(&result.groups, section.integer("groups", in: 1...100_000))
        set(&result.extras, section.integer("extras", in: 1...10_000))
        set(&result.identity, section.size("identity", in: 1_024...1_048_576))
        set(&result.connectionsPerAddress, section.integer("connectionsPerAddress", in: 0...1_000_000))
        set(&result.acceptsPerSecond, section.integer("acceptsPerSecond", in: 0...1_000_000))
        set(&result.exemptAddresses, section.strings("exemptAddresses", example: "[10.0.0.0/8]"))
        return result
    }

    private func logging(_ root: MappingReader) -> LoggingConfiguration {
        var result = LoggingConfiguration()
        guard let section = self.section(root, "logging") else { return result }
        set(&result.level, section.choice("level"))
        set(&result.requests, section.boolean("requests"))
        return result
    }

    private func control(_ root: MappingReader) -> ControlConfiguration {
        var result = ControlConfiguration()
        guard let section = self.section(root, "control") else { return result }
        if section.isString("socket", "none") {
            result.socket = nil
        } else {
            set(&result.socket, self.path(section, "socket", example: "/run/lychgate/control.sock, or none"))
        }
        return result
    }

    // MARK: Helpers

    func section(_ root: MappingReader, _ key: String) -> MappingReader? {
        root.mapping(key, keys: ConfigurationSchema.names(in: key))
    }

    /// A path, made absolute.
    func path(_ reader: MappingReader, _ key: String, example: String) -> String? {
        reader.string(key, example: example).map { FilePath.resolve($0, against: self.folder) }
    }

    /// Leaves the default alone when nothing usable was written.
    func set<Value>(_ target: inout Value, _ value: Value?) {
        if let value {
            target = value
        }
    }

    private func set(_ target: inout String?, _ value: String?) {
        if let value {
            target = value
        }
    }
}
