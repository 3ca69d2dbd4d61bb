// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A folder that goes when its owner does; those that are kept for the whole run go with the process.
package final class TemporaryFolder: Sendable {
    package let path: String

    /// Holds all of one run.
    private static let root: String = {
        let path = FileManager.default.temporaryDirectory.appending(path: "lychgate-test-\(getpid())")
            .path(percentEncoded: false)
        atexit { try? FileManager.default.removeItem(atPath: TemporaryFolder.root) }
        return path
    }()

    package init() throws {
        path = Self.root + "/" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    package func file(_ name: String) -> String {
        path + "/" + name
    }

    /// Writes a file and returns its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: file(name), atomically: true, encoding: .utf8)
        return file(name)
    }

    package func read(_ name: String) -> String {
        (try? String(contentsOfFile: file(name), encoding: .utf8)) ?? ""
    }
}
