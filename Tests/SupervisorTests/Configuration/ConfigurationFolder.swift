// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

@testable import Supervisor

/// A folder of its own for one test, with files in it, and loading from there without the machine's own surroundings.
final class ConfigurationFolder {
    let path: String

    /// - Parameter files: names and contents; `certificates` are there as well.
    init(_ files: [String: String] = [:]) throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("lychgate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        self.path = url.path
        for name in ["tls.crt", "tls.key", "ca.crt", "client.crt", "client.key", "token"] {
            try self.write(name, "not empty\n")
        }
        for (name, text) in files {
            try self.write(name, text)
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(self.path)/\(name)"))
    }

    func surroundings(environment: [String: String] = [:]) -> Surroundings {
        Surroundings(workingFolder: self.path, environment: environment, serviceAccountFolder: "\(self.path)/account")
    }

    func load(
        _ name: String = "lychgate.yaml", environment: [String: String] = [:]
    ) throws -> LoadedConfiguration {
        try ConfigurationLoader(surroundings: self.surroundings(environment: environment)).load(file: name)
    }

    /// What is wrong with the file, each problem as it is printed, with the folder called `FOLDER`; empty: nothing.
    func problems(_ name: String = "lychgate.yaml", environment: [String: String] = [:]) throws -> [String] {
        do {
            _ = try self.load(name, environment: environment)
            return []
        } catch let error as ConfigurationError {
            return self.printed(error)
        }
    }

    func problems(flags: [String], environment: [String: String] = [:]) throws -> [String] {
        do {
            _ = try self.load(flags: flags, environment: environment)
            return []
        } catch let error as ConfigurationError {
            return self.printed(error)
        }
    }

    func load(flags: [String], environment: [String: String] = [:]) throws -> LoadedConfiguration {
        try ConfigurationLoader(surroundings: self.surroundings(environment: environment))
            .load(flags: try GatewayFlags.parse(GatewayFlags.separatingEmptyValues(flags)))
    }

    private func printed(_ error: ConfigurationError) -> [String] {
        error.description.replacing(self.path, with: "FOLDER").split(separator: "\n").map(String.init)
    }
}
