// SPDX-License-Identifier: Apache-2.0

internal import Foundation

extension Harness {
    /// The repository's root.
    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path(percentEncoded: false).trimmingSuffix("/")

    /// Where the built programs are: LYCHGATE_BIN, else what `swift test` built.
    package static let binaries =
        ProcessInfo.processInfo.environment["LYCHGATE_BIN"]?.trimmingSuffix("/") ?? root + "/.build/debug"

    /// Whether the tests that take minutes are wanted too (`make chaos`).
    package static let wantsChaos = ProcessInfo.processInfo.environment["LYCHGATE_CHAOS"] != nil

    /// The Python of the tests' own environment, which `make test` makes.
    package static let python =
        ProcessInfo.processInfo.environment["LYCHGATE_TEST_PYTHON"] ?? root + "/.build/test-venv/bin/python"

    /// One of ours by its name, an absolute path as it is, or a program on the PATH.
    package static func executable(_ name: String) -> String {
        if name.hasPrefix("/") { return name }
        if name.hasPrefix("lychgate") { return binaries + "/" + name }
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) } ?? name
    }

    /// Threads and descriptors of this process, for a report that something of the harness itself is short.
    package static var own: ProcessFigures? {
        ProcessFigures(of: getpid())
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
