// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Shared

/// `lychgate explain`: why a token is accepted or refused, check by check. `lychgate-worker explain` does the judging; this
/// reads the configuration and the key sets for it.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why a token is accepted or refused, check by check.",
        discussion: """
            The token comes on standard input, or in a file; it is never printed. Exit codes: 0 accepted, 3 refused, \
            4 not by one of the issuers, 78 wrong configuration.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The gateway's configuration (default: \(ConfigurationLoader.defaultFile)).", valueName: "file"))
    var config: String?
    @Option(
        help: ArgumentHelp(
            "Kubernetes' AuthenticationConfiguration alone, without the gateway's own rules.", valueName: "file"))
    var authenticationConfig: String?
    @Option(help: ArgumentHelp("The file that holds the token (default: standard input).", valueName: "file"))
    var tokenFile: String?
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Keys of the issuer (a JWKS), or of one issuer as URL=FILE; may be repeated. Nothing is fetched then.",
            valueName: "file"))
    var jwks: [String] = []
    @Option(help: ArgumentHelp("Judge as of this time: RFC 3339, or seconds since 1970.", valueName: "time"))
    var now: String?
    @Option(name: .shortAndLong, help: "How to print it.")
    var output: Format = .text

    /// For typing the token by hand, too.
    private static let patience = Duration.seconds(120)

    func validate() throws {
        if self.config != nil, self.authenticationConfig != nil {
            throw ValidationError("--config and --authentication-config exclude each other; write one of them")
        }
        if let now = self.now, Self.time(now) == nil {
            throw ValidationError("--now: `\(now)` is no time; write one such as 2026-11-23T00:00:00Z or 1795392000")
        }
    }

    func run() throws {
        let folder = Surroundings.current.workingFolder
        var (request, executable) = self.request()
        request.keySets = try self.jwks.map { try Self.keySet($0, folder) }
        request.tokenFile = self.tokenFile.map { FilePath.resolve($0, against: folder) }
        request.now = self.now.flatMap(Self.time)
        request.isJSON = self.output == .json
        throw ExitCode(try Self.ask(request, executable))
    }

    /// The configuration that the token is judged by, or what is wrong with it.
    private func request() -> (request: ExplainRequest, executable: String?) {
        let empty = AuthenticationConfiguration(oidc: nil)
        do throws(ConfigurationError) {
            guard let name = self.authenticationConfig else {
                let loaded = try ConfigurationLoader().load(file: self.config ?? ConfigurationLoader.defaultFile)
                return (
                    ExplainRequest(
                        authentication: loaded.configuration.authentication, isGateway: true,
                        limits: loaded.configuration.limits),
                    loaded.configuration.workers.executable
                )
            }
            let report = LoadReport(source: .file(name))
            let path = FilePath.resolve(name, against: Surroundings.current.workingFolder)
            let file = AuthenticationFile(report: report).load(path)
            if let error = report.error { throw error }
            return (ExplainRequest(authentication: .init(oidc: nil, file: file), isGateway: false), nil)
        } catch {
            return (
                ExplainRequest(
                    authentication: empty, isGateway: false, problems: error.problems.map(\.description)), nil
            )
        }
    }

    private static func ask(_ request: ExplainRequest, _ executable: String?) throws -> Int32 {
        guard let program = Companion.path(of: "lychgate-worker", configured: executable) else {
            throw CommandFailure("lychgate-worker is neither beside lychgate nor in \(Companion.libraryFolder)")
        }
        let document = try MemoryFile.sealed(name: "lychgate-explain", bytes: Array(JSONEncoder().encode(request)))
        let child: ChildProcess
        do {
            // Without a file the worker reads our standard input, which is passed on by another number: its own is none.
            let input: Int32 = request.tokenFile == nil ? 0 : -1
            child = try ChildProcess.spawn(
                path: program, arguments: ["explain"], descriptors: [input, -1, document.raw])
        } catch {
            throw CommandFailure("\(program) cannot be run: \(error)")
        }
        guard let exit = child.wait(until: Instant.now + Self.patience) else {
            child.signal(SlotStateMachine.signalKill)
            _ = child.wait(until: Instant.now + .seconds(5))
            throw CommandFailure("no token came, or no answer, within \(DurationText.format(Self.patience))")
        }
        guard let code = exit.code else { throw CommandFailure("\(program) ended by \(exit)") }
        return code
    }

    private static func keySet(_ argument: String, _ folder: String) throws(CommandFailure) -> ExplainRequest.KeySet {
        var issuer: String?
        var path = argument
        // An issuer may have `=` in it, a plain path seldom begins with https.
        if argument.hasPrefix("https://"), let mark = argument.lastIndex(of: "=") {
            issuer = String(argument[..<mark])
            path = String(argument[argument.index(after: mark)...])
        }
        do {
            return .init(issuer: issuer, document: try FileProbe.text(of: FilePath.resolve(path, against: folder)))
        } catch {
            throw CommandFailure("--jwks: \(error.complaint)")
        }
    }

    static func time(_ text: String) -> Double? {
        if let seconds = Double(text), seconds.isFinite { return seconds }
        for fractions in [false, true] {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: fractions)
            if let date = try? style.parse(text) { return date.timeIntervalSince1970 }
        }
        return nil
    }
}
