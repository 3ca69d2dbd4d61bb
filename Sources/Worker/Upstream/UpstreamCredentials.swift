// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// How the gateway makes itself known to the API server: authorities, client certificate and token, read from files and
/// read again when these change. What was good is kept while its successor is not.
final class UpstreamCredentials: TimerHandler {
    private let reactor: Reactor
    private let configuration: UpstreamConfiguration
    private let isTLS: Bool
    private let logger: Logger
    private var watched: WatchedFiles
    private var timer = Reactor.Timer.none
    /// nil: plain HTTP.
    private(set) var tls: TLSContext?
    /// The same for look-ups.
    private(set) var trust = LookupTrust()
    /// `Authorization: Bearer …` with its CRLF; empty without a token.
    private(set) var authorization: [UInt8] = []

    private static let interval = Duration.seconds(2)

    enum Problem: Error, Equatable, CustomStringConvertible {
        case file(path: String, Errno)
        case unusable(path: String, TLSError)
        case badToken(path: String)

        var description: String {
            switch self {
            case .file(let path, let errno): "\(path): \(errno)"
            case .unusable(let path, let error): "\(path): \(error)"
            case .badToken(let path): "\(path): it holds no bearer token"
            }
        }
    }

    init(
        reactor: Reactor, configuration: UpstreamConfiguration, isTLS: Bool, logger: Logger
    ) throws(Problem) {
        self.reactor = reactor
        self.configuration = configuration
        self.isTLS = isTLS
        self.logger = logger
        watched = WatchedFiles(
            [
                configuration.certificateAuthorityFile, configuration.clientCertificateFile,
                configuration.clientKeyFile, configuration.tokenFile,
            ].compactMap { $0 })
        try load()
        timer = reactor.startTimer(at: reactor.now + Self.interval, handler: self)
    }

    func stop() { reactor.cancelTimer(&timer) }

    func timerFired(tag: UInt32, now: Instant) {
        timer = reactor.startTimer(at: now + Self.interval, handler: self)
        reloadIfChanged()
    }

    /// Reads the files again if one of them has changed.
    func reloadIfChanged() {
        guard watched.haveChanged() else { return }
        do throws(Problem) {
            try load()
            logger.info("upstream credentials read again")
        } catch {
            logger.error("upstream credentials have changed but cannot be used", metadata: ["error": "\(error)"])
        }
    }

    private func load() throws(Problem) {
        if isTLS {
            let authorities = try Self.bytes(
                configuration.certificateAuthorityData, configuration.certificateAuthorityFile)
            var credentials: TLSContext.Credentials?
            let chain = try Self.bytes(configuration.clientCertificateData, configuration.clientCertificateFile)
            let key = try Self.bytes(configuration.clientKeyData?.exposed, configuration.clientKeyFile)
            if let chain, let key { credentials = .init(chain: chain, key: key) }
            let trust = LookupTrust(authorities: authorities, certificate: credentials?.chain, key: credentials?.key)
            do throws(TLSError) {
                tls = try TLSContext.client(authorities: authorities, credentials: credentials)
            } catch {
                let path = configuration.clientCertificateFile ?? configuration.certificateAuthorityFile
                throw .unusable(path: path ?? "upstream", error)
            }
            self.trust = trust
        }
        if let text = try Self.bytes(configuration.tokenData?.exposed, configuration.tokenFile) {
            let token = text.filter { $0 != 0x0a && $0 != 0x0d }
            guard !token.isEmpty, token.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
                throw .badToken(path: configuration.tokenFile ?? "kubeconfig")
            }
            authorization = Array("Authorization: Bearer ".utf8) + token + [0x0d, 0x0a]
        }
    }

    /// What came inline, or else is in the file, if either was given.
    private static func bytes(_ inline: String?, _ path: String?) throws(Problem) -> [UInt8]? {
        if let inline { return Array(inline.utf8) }
        guard let path else { return nil }
        do throws(Errno) {
            return try FileReader.read(path)
        } catch {
            throw .file(path: path, error)
        }
    }
}
