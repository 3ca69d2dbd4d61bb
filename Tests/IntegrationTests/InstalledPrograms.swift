// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// The built programs in a folder of their own, as a package has them, where other builds can take their place.
final class InstalledPrograms {
    private let folder: TemporaryFolder
    private static let names = ["lychgate", "lychgate-worker"]

    init() throws {
        folder = try TemporaryFolder()
        for name in Self.names {
            try FileManager.default.copyItem(atPath: Harness.executable(name), toPath: folder.file(name))
        }
    }

    var supervisor: String { folder.file("lychgate") }
    private var worker: String { folder.file("lychgate-worker") }

    /// Puts another build in place as dpkg does: beside it, then by rename(2).
    func install(version: String) throws {
        for name in Self.names {
            let new = try Self.stamp(name, version: version, at: folder.file(name + ".new"))
            try put(new, in: folder.file(name))
        }
    }

    /// Another build's supervisor elsewhere in the folder; the path.
    func copy(version: String) throws -> String {
        try Self.stamp("lychgate", version: version, at: folder.file("other"))
        let worker = try Self.stamp("lychgate-worker", version: version, at: folder.file("lychgate-worker.new"))
        try put(worker, in: self.worker)
        return folder.file("other")
    }

    /// Only one of the two.
    func installSupervisorAlone(version: String) throws {
        try put(Self.stamp("lychgate", version: version, at: folder.file("lychgate.new")), in: supervisor)
    }

    func installScript(_ body: String, interpreter: String = "/bin/sh", mode: Int = 0o755) throws {
        try write("#!\(interpreter)\n\(body)\n", in: supervisor, mode: mode)
    }

    func install(text: String) throws { try write(text, in: supervisor, mode: 0o755) }

    func removeWorker() throws { try FileManager.default.removeItem(atPath: worker) }

    /// Puts a script before the worker, which goes on to it.
    func spoilWorker(_ line: String) throws {
        let real = folder.file("lychgate-worker.real")
        if !FileManager.default.fileExists(atPath: real) {
            try FileManager.default.moveItem(atPath: worker, toPath: real)
        }
        try write("#!/bin/sh\n\(line)\nexec '\(real)' \"$@\"\n", in: worker, mode: 0o755)
    }

    private func write(_ text: String, in path: String, mode: Int) throws {
        let new = path + ".new"
        try text.write(toFile: new, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: new)
        try put(new, in: path)
    }

    private func put(_ new: String, in path: String) throws {
        guard unsafe rename(new, path) == 0 else { throw HarnessError.system(call: "rename", reason: path) }
    }

    @discardableResult
    private static func stamp(_ name: String, version: String, at path: String) throws -> String {
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: Harness.executable(name), toPath: path)
        let stamped = try ChildProcess.run(Harness.root + "/scripts/stamp-version", [version, path])
        guard stamped.succeeded else { throw HarnessError.unexpected("stamp-version: \(stamped.errors)") }
        return path
    }
}

/// Programs that cannot take over.
enum BadProgram: CaseIterable {
    case notExecutable
    case exits
    case crashes
    case hangs
    /// No program at all.
    case noProgram
    /// It reads another format of the state than the running one writes.
    case otherFormat
    case olderWorker
    case noWorker
    /// A good one, but for a configuration that is none any more.
    case badConfiguration

    func install(_ programs: InstalledPrograms, configuration: String) throws {
        switch self {
        case .notExecutable: try programs.installScript("exit 0", mode: 0o644)
        case .exits: try programs.installScript("exit 3")
        case .crashes: try programs.installScript("kill -SEGV $$")
        case .hangs: try programs.installScript("exec sleep 60")
        case .noProgram: try programs.install(text: "neither ELF nor a script")
        case .otherFormat:
            // The state as a build with another format would have written it.
            let real = try programs.copy(version: "0.1.0")
            try programs.installScript(
                """
                import fcntl, os, re, sys
                state = os.pread(3, 1 << 24, 0)
                state = re.sub(rb'("format":)1\\b', rb'\\g<1>99', state)
                file = os.memfd_create("state", os.MFD_ALLOW_SEALING)
                os.write(file, state)
                fcntl.fcntl(file, 1033, 15)
                os.dup2(file, 3)
                os.execv("\(real)", sys.argv)
                """, interpreter: "/usr/bin/python3")
        case .olderWorker: try programs.installSupervisorAlone(version: "0.1.0+second")
        case .noWorker:
            try programs.install(version: "0.1.0+second")
            try programs.removeWorker()
        case .badConfiguration:
            try programs.install(version: "0.1.0+second")
            let text = try String(contentsOfFile: configuration, encoding: .utf8)
            try text.replacing("workers: {", with: "wokers: {")
                .write(toFile: configuration, atomically: true, encoding: .utf8)
        }
    }
}
