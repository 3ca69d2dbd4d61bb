// SPDX-License-Identifier: Apache-2.0

/// Collects what is wrong while a configuration is read, so that all of it is reported together, and remembers where
/// each setting was made.
///
/// Settings are named by their key path (`listeners[0].tls.keyFile`). One setting is blamed once: what follows from a
/// mistake that was already reported (a rule about a value that could not be read) is left out.
final class LoadReport {
    /// What the settings come from, which says how a setting that was not made is named.
    enum Source {
        case file(String)
        case flags
    }

    /// More problems than this help nobody; the rest is counted only.
    static let maximumProblems = 100

    let source: Source
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var places: [String: ConfigurationProblem.Place]
    private var blamed: Set<String> = []

    init(source: Source, places: [String: ConfigurationProblem.Place] = [:]) {
        self.source = source
        self.places = places
    }

    /// Remembers where a setting was made.
    func note(_ path: String, at place: ConfigurationProblem.Place) {
        self.places[path] = place
    }

    /// Whether the setting was made, rather than defaulted.
    func isWritten(_ path: String) -> Bool {
        self.places[path] != nil
    }

    /// Whether nothing was reported about the setting or anything that holds it.
    func isSound(_ path: String) -> Bool {
        !Self.lineage(path).contains { self.blamed.contains($0) }
    }

    /// Reports a problem with a setting, at the place where it was made.
    func blame(_ path: String, _ message: String) {
        guard self.isSound(path) else { return }
        self.blame(path, at: self.place(of: path), message)
    }

    /// Reports a problem at a place of the caller's choice, such as a key rather than its value.
    func blame(_ path: String, at place: ConfigurationProblem.Place, _ message: String) {
        self.blamed.insert(path)
        self.add(ConfigurationProblem(place: place, message: message))
    }

    /// Counts a setting as bad whose cause was reported elsewhere, so that no rule blames its placeholder.
    func blameSilently(_ path: String) {
        self.blamed.insert(path)
    }

    /// Takes over the problems of another source, such as a kubeconfig, and counts the setting that named it as bad.
    func adopt(_ other: LoadReport, for path: String) {
        guard !other.problems.isEmpty else { return }
        self.blamed.insert(path)
        for problem in other.problems {
            self.add(problem)
        }
    }

    /// Where a setting was made; else where the nearest setting that would hold it was.
    func place(of path: String) -> ConfigurationProblem.Place {
        if let place = self.places[path] {
            return place
        }
        switch self.source {
        case .flags:
            return .flag(GatewayFlags.name(ofPath: path) ?? path)
        case .file(let name):
            for ancestor in Self.lineage(path).dropFirst() {
                if case .file(let name, let line, let column, _) = self.places[ancestor] {
                    return .file(name, line: line, column: column, key: path)
                }
            }
            return .file(name, line: 1, column: 1, key: path)
        }
    }

    /// All problems: file by file as the files were met, each in the order of its text; nil when there are none.
    var error: ConfigurationError? {
        guard !self.problems.isEmpty else { return nil }
        var files: [String] = []
        let keyed = self.problems.enumerated().map { offset, problem in
            guard case .file(let name, let line, let column, _) = problem.place else {
                return (key: [0, 0, 0, offset], problem: problem)
            }
            if !files.contains(name) {
                files.append(name)
            }
            return (key: [files.firstIndex(of: name) ?? 0, line, column, offset], problem: problem)
        }
        return ConfigurationError(
            problems: keyed.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.problem))
    }

    private func add(_ problem: ConfigurationProblem) {
        guard self.problems.count < Self.maximumProblems else { return }
        self.problems.append(problem)
    }

    /// The path itself, then what holds it: `a[0].b`, `a[0]`, `a`, and the whole document.
    private static func lineage(_ path: String) -> [String] {
        var lineage = [path]
        var rest = path[...]
        while let cut = rest.lastIndex(where: { $0 == "." || $0 == "[" }) {
            rest = rest[..<cut]
            lineage.append(String(rest))
        }
        if !path.isEmpty {
            lineage.append("")
        }
        return lineage
    }
}
