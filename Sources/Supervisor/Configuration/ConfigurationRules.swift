// SPDX-License-Identifier: Apache-2.0

import Shared

/// What must hold between settings, and between a setting and the machine; the same for a file and for flags.
struct ConfigurationRules {
    let report: LoadReport

    func check(_ configuration: GatewayConfiguration) {
        self.checkListeners(configuration.listeners)
        self.checkAdmin(configuration.admin, beside: configuration.listeners)
        self.checkUpstream(configuration.upstream)
        if let oidc = configuration.authentication.oidc { self.checkIssuer(oidc) }
        self.checkKeys(configuration.authentication.keys)
        self.checkTokenReview(configuration.authentication.tokenReview, configuration.upstream)
        self.checkIntrospection(configuration.authentication.introspection)
        self.checkDeadlines(configuration.deadlines)
        self.checkLimits(configuration.limits)
        self.checkRecycling(configuration.recycling, configuration.workers)
        self.checkFile("workers.executable", configuration.workers.executable)
        self.checkSocket(configuration.control.socket)
    }

    // MARK: Listeners

    private func checkListeners(_ listeners: [ListenerConfiguration]) {
        if listeners.isEmpty {
            self.report.blame("listeners", "is an empty list; write at least one listener")
        } else if listeners.count > 64 {
            self.report.blame("listeners", "holds \(listeners.count) listeners; write at most 64")
        }
        for (index, listener) in listeners.enumerated() {
            let path = "listeners[\(index)]"
            self.checkName(listener.name, path, isRepeated: listeners[..<index].contains { $0.name == listener.name })
            if let text = listener.address {
                self.checkAddress(
                    text, path, isPlain: listener.tls == nil,
                    isRepeated: listeners[..<index].contains { $0.address == listener.address })
            } else if listener.tls == nil {
                self.report.blame(
                    "\(path).tls",
                    "is missing, and only a loopback address may do without; write `tls`, or an `address` on 127.0.0.1")
            }
            if let proxy = listener.proxyProtocol {
                if proxy.from.isEmpty {
                    self.report.blame(
                        "\(path).proxyProtocol.from",
                        "is an empty list, so that no PROXY header would be believed; write at least one address")
                }
                self.checkRanges("\(path).proxyProtocol.from", proxy.from)
            }
            if let tls = listener.tls {
                self.checkFile("\(path).tls.certificateFile", tls.certificateFile)
                self.checkFile("\(path).tls.keyFile", tls.keyFile)
                self.checkFile("\(path).tls.clientCAFile", tls.clientCAFile)
            }
            ListenerRules(report: self.report).check(listener, path)
            self.checkFile("\(path).callerTokenFile", listener.callerTokenFile)
        }
    }

    private func checkAdmin(_ admin: AdminConfiguration?, beside listeners: [ListenerConfiguration]) {
        guard let admin else { return }
        if let index = listeners.firstIndex(where: { $0.name == AdminConfiguration.name }) {
            self.report.blame(
                "listeners[\(index)].name", "`\(AdminConfiguration.name)` is the admin listener's; write another name")
        }
        self.checkAddress(
            admin.address, "admin", isPlain: admin.tls == nil,
            isRepeated: listeners.contains { $0.address == admin.address }, shows: "its figures")
        if let tls = admin.tls {
            self.checkFile("admin.tls.certificateFile", tls.certificateFile)
            self.checkFile("admin.tls.keyFile", tls.keyFile)
        }
    }

    private func checkRanges(_ path: String, _ texts: [String]) {
        if texts.count > 256 {
            self.report.blame(path, "holds \(texts.count) ranges; write at most 256")
        }
        for (index, text) in texts.enumerated() where AddressRange(text) == nil {
            self.report.blame(
                self.report.isWritten("\(path)[\(index)]") ? "\(path)[\(index)]" : path,
                "`\(text)` is no range of addresses; write one such as 10.0.0.0/8 or \"2001:db8::/32\", or one address")
        }
    }

    private func checkName(_ name: String, _ path: String, isRepeated: Bool) {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        if !isPlain || name.utf8.count > 64 {
            self.report.blame("\(path).name", "is no plain name; write at most 64 letters, digits, `.`, `_` or `-`")
        } else if isRepeated {
            self.report.blame("\(path).name", "`\(name)` names two listeners; write another name")
        }
    }

    private func checkAddress(_ text: String, _ path: String, isPlain: Bool, isRepeated: Bool, shows: String = "tokens")
    {
        guard let address = SocketAddress(text) else {
            self.report.blame(
                "\(path).address",
                "`\(text)` is no IP address with a port; write one such as \"127.0.0.1:8443\" or \"[::]:8443\"")
            return
        }
        if isPlain, !address.isLoopback {
            self.report.blame(
                "\(path).address",
                "plain HTTP on `\(text)` would show \(shows) to the network; write `tls`, or an address on 127.0.0.1")
        } else if isRepeated, address.port != 0 {
            self.report.blame("\(path).address", "`\(text)` belongs to another listener already; write another port")
        }
    }

    // MARK: Upstream

    private func checkUpstream(_ upstream: UpstreamConfiguration) {
        if let complaint = ServerURL.complaint(aboutUpstream: upstream.server) {
            self.report.blame("upstream.server", complaint)
        }
        let hasCertificate = upstream.clientCertificateFile != nil || upstream.clientCertificateData != nil
        let hasKey = upstream.clientKeyFile != nil || upstream.clientKeyData != nil
        if hasCertificate, !hasKey {
            self.report.blame(
                "upstream.clientCertificateFile",
                "has no private key beside it; write `clientKeyFile` too (in a kubeconfig, `client-key`)")
        } else if hasKey, !hasCertificate {
            self.report.blame(
                "upstream.clientKeyFile",
                "has no certificate beside it; write `clientCertificateFile` too (in a kubeconfig, `client-certificate`)"
            )
        }
        if ServerURL.isPlain(upstream.server) {
            for (key, isSet) in [
                ("certificateAuthorityFile", upstream.certificateAuthorityFile != nil),
                ("tlsServerName", upstream.tlsServerName != nil), ("clientCertificateFile", hasCertificate),
            ] where isSet {
                self.report.blame(
                    "upstream.\(key)", "has no meaning with an http:// server; write https://, or leave it out")
            }
        }
        self.checkFile("upstream.certificateAuthorityFile", upstream.certificateAuthorityFile)
        self.checkFile("upstream.clientCertificateFile", upstream.clientCertificateFile)
        self.checkFile("upstream.clientKeyFile", upstream.clientKeyFile)
        self.checkFile("upstream.tokenFile", upstream.tokenFile)
        if upstream.pool.maxIdle > upstream.pool.maxConnections {
            self.blameOne(
                of: ["upstream.pool.maxIdle", "upstream.pool.maxConnections"],
                "maxIdle (\(upstream.pool.maxIdle)) is above maxConnections (\(upstream.pool.maxConnections));"
                    + " write maxIdle at most as large")
        }
    }

    // MARK: Identity

    static let signingAlgorithms = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    ]

    private func checkIssuer(_ oidc: AuthenticationConfiguration.OIDC) {
        if let complaint = ServerURL.complaint(aboutIssuer: oidc.issuerURL) {
            self.report.blame("authentication.oidc.issuerURL", complaint)
        }
        self.checkFile("authentication.oidc.caFile", oidc.caFile)
        let path = "authentication.oidc.signingAlgorithms"
        if oidc.signingAlgorithms.isEmpty {
            self.report.blame(path, "is an empty list, so that no token could be accepted; write at least RS256")
        }
        for (index, algorithm) in oidc.signingAlgorithms.enumerated() {
            let element = self.report.isWritten("\(path)[\(index)]") ? "\(path)[\(index)]" : path
            if !Self.signingAlgorithms.contains(algorithm) {
                self.report.blame(
                    element,
                    "`\(algorithm)` is not accepted; write one of \(Self.signingAlgorithms.joined(separator: ", "))")
            } else if oidc.signingAlgorithms[..<index].contains(algorithm) {
                self.report.blame(element, "`\(algorithm)` is in the list twice; write it once")
            }
        }
    }

    private func checkKeys(_ keys: AuthenticationConfiguration.Keys) {
        if keys.minimumRefreshInterval > keys.refreshInterval {
            self.blameOne(
                of: ["authentication.keys.minimumRefreshInterval", "authentication.keys.refreshInterval"],
                "minimumRefreshInterval (\(DurationText.format(keys.minimumRefreshInterval))) is above refreshInterval"
                    + " (\(DurationText.format(keys.refreshInterval))); write it at most as long")
        }
        if keys.keepFor > .zero, keys.keepFor <= keys.refreshInterval {
            self.blameOne(
                of: ["authentication.keys.keepFor", "authentication.keys.refreshInterval"],
                "keepFor (\(DurationText.format(keys.keepFor))) would end before the next refresh"
                    + " (\(DurationText.format(keys.refreshInterval))); write a longer one, or 0s")
        }
    }

    // MARK: Deadlines and limits

    private func checkDeadlines(_ deadlines: DeadlinesConfiguration) {
        if deadlines.drain >= deadlines.hardStop {
            self.blameOne(
                of: ["deadlines.drain", "deadlines.hardStop"],
                "drain (\(DurationText.format(deadlines.drain))) must end before hardStop"
                    + " (\(DurationText.format(deadlines.hardStop))); write a shorter drain or a longer hardStop")
        }
        if deadlines.drainDelay > .zero, deadlines.drainDelay + deadlines.drain >= deadlines.hardStop {
            self.blameOne(
                of: ["deadlines.drainDelay", "deadlines.drain", "deadlines.hardStop"],
                "drainDelay (\(DurationText.format(deadlines.drainDelay))) and drain"
                    + " (\(DurationText.format(deadlines.drain))) must together end before hardStop"
                    + " (\(DurationText.format(deadlines.hardStop))); write shorter ones or a longer hardStop")
        }
        // firstResponseByte is not among them: it also rules watches, which have no total.
        for (name, part) in [
            ("requestHead", deadlines.requestHead), ("identity", deadlines.identity),
            ("upstreamConnect", deadlines.upstreamConnect),
        ] where part > deadlines.request {
            self.blameOne(
                of: ["deadlines.\(name)", "deadlines.request"],
                "\(name) (\(DurationText.format(part))) is a part of request"
                    + " (\(DurationText.format(deadlines.request))); write it at most as long")
        }
    }

    private func checkLimits(_ limits: LimitsConfiguration) {
        self.checkRanges("limits.exemptAddresses", limits.exemptAddresses)
        if limits.requestLine > limits.head {
            self.blameOne(
                of: ["limits.requestLine", "limits.head"],
                "requestLine (\(SizeText.format(limits.requestLine))) is a part of head"
                    + " (\(SizeText.format(limits.head))); write it at most as large")
        }
    }

    private func checkRecycling(_ recycling: RecyclingConfiguration, _ workers: WorkersConfiguration) {
        if let limit = recycling.inFlightLimit, limit > workers.maxInFlight {
            self.blameOne(
                of: ["recycling.inFlightLimit", "workers.maxInFlight"],
                "inFlightLimit (\(limit)) is above workers.maxInFlight (\(workers.maxInFlight)), which no worker exceeds;"
                    + " write a smaller one, or leave it out")
        }
        if recycling.memorySoft >= recycling.memoryHard {
            self.blameOne(
                of: ["recycling.memorySoft", "recycling.memoryHard"],
                "memorySoft (\(SizeText.format(recycling.memorySoft))) must be below memoryHard"
                    + " (\(SizeText.format(recycling.memoryHard))); write a smaller memorySoft or a larger memoryHard")
        }
    }

    // MARK: Files

    func checkFile(_ path: String, _ file: String?) {
        guard let file, self.report.isSound(path), let complaint = FileProbe.complaint(about: file) else { return }
        self.report.blame(path, complaint)
    }

    /// `sun_path` of unix(7) holds 108 bytes with its NUL.
    private func checkSocket(_ socket: String?) {
        guard let socket, socket.utf8.count > 107 else { return }
        self.report.blame(
            "control.socket",
            "is \(socket.utf8.count) bytes long, and a socket's path has at most 107; write a shorter one")
    }

    /// Blames the first of the settings that was written; a default is never at fault. Silent when one of them has been
    /// reported already: its value is a placeholder.
    private func blameOne(of paths: [String], _ message: String) {
        guard paths.allSatisfy(self.report.isSound), let path = paths.first(where: self.report.isWritten) ?? paths.first
        else { return }
        self.report.blame(path, message)
    }
}
