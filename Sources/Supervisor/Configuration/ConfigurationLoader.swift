// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared

/// From a file or flags to a configuration that passed all checks, or to everything that is wrong with it.
struct ConfigurationLoader {
    var surroundings = Surroundings.current

    /// Where `serve` and `check` look when they are told nothing.
    static let defaultFile = "/etc/lychgate/lychgate.yaml"

    /// - Parameter name: the file's path as it was given, which is how messages call it.
    func load(file name: String) throws(ConfigurationError) -> LoadedConfiguration {
        let report = LoadReport(source: .file(name))
        let path = FilePath.resolve(name, against: self.surroundings.workingFolder)
        return try self.finish(try self.decode(path, name, report), report: report, file: path)
    }

    func load(flags: GatewayFlags) throws(ConfigurationError) -> LoadedConfiguration {
        let report = LoadReport(source: .flags)
        let configuration = FlagsTranslation(flags: flags, report: report, surroundings: self.surroundings)
            .configuration()
        return try self.finish(configuration, report: report, file: nil)
    }

    /// The control socket that a configuration file names, whatever else may be wrong with the file.
    func controlSocket(file name: String) throws(ConfigurationError) -> String? {
        let report = LoadReport(source: .file(name))
        let path = FilePath.resolve(name, against: self.surroundings.workingFolder)
        let configuration = try self.decode(path, name, report)
        if !report.isSound("control.socket") || configuration == nil, let error = report.error {
            throw error
        }
        return configuration?.control.socket
    }

    private func decode(
        _ path: String, _ name: String, _ report: LoadReport
    ) throws(ConfigurationError) -> GatewayConfiguration? {
        let text: String
        do {
            text = try FileProbe.text(of: path)
        } catch {
            throw Self.refusal(of: name, line: 1, column: 1, error.complaint)
        }
        let document: YAMLDocument
        do {
            document = try YAMLDocument(text: text)
        } catch {
            throw Self.refusal(of: name, line: error.line, column: error.column, error.message)
        }
        return ConfigurationDecoder(
            file: name, folder: FilePath.folder(of: path), document: document, report: report,
            surroundings: self.surroundings
        ).decode()
    }

    private func finish(
        _ configuration: GatewayConfiguration?, report: LoadReport, file: String?
    ) throws(ConfigurationError) -> LoadedConfiguration {
        if let configuration {
            ConfigurationRules(report: report).check(configuration)
        }
        if let error = report.error {
            throw error
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let configuration, let json = try? encoder.encode(configuration) else {
            preconditionFailure("a configuration without problems exists and can be encoded")
        }
        return LoadedConfiguration(
            configuration: configuration, sourceFile: file, json: Array(json), places: report.places)
    }

    private static func refusal(of file: String, line: Int, column: Int, _ message: String) -> ConfigurationError {
        ConfigurationError(problems: [
            ConfigurationProblem(place: .file(file, line: line, column: column, key: ""), message: message)
        ])
    }
}
