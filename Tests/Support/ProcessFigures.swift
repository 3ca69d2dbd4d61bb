// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What the kernel says of one process: the harness believes nobody else.
package struct ProcessFigures: Sendable {
    package let identifier: Int32
    package let command: String
    package let descriptors: Int
    /// Anonymous resident memory, in bytes.
    package let rssAnon: Int
    package let threads: Int
    /// The processors that it may run on, as the kernel writes them, such as `0-3`.
    package let processors: String
    /// Of all its threads since its start, in steps of 10 (`USER_HZ` is 100 wherever Linux runs).
    package let processorMilliseconds: Int

    /// nil when there is no such process (or it is a zombie).
    package init?(of identifier: Int32) {
        guard let status = ProcFile.read("/proc/\(identifier)/status"),
            let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(identifier)/fd")
        else { return nil }
        var values: [Substring: Substring] = [:]
        for line in status.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { values[parts[0]] = parts[1].drop { $0 == "\t" || $0 == " " } }
        }
        guard values["State"]?.first != "Z" else { return nil }
        self.identifier = identifier
        let arguments = ProcFile.read("/proc/\(identifier)/cmdline") ?? ""
        command = arguments.split(separator: "\0").prefix(2)
            .map { String($0.split(separator: "/").last ?? "") }.joined(separator: " ")
        descriptors = open.count
        rssAnon = (values["RssAnon"]?.split(separator: " ").first).flatMap { Int($0) }.map { $0 * 1_024 } ?? 0
        threads = values["Threads"].flatMap { Int($0) } ?? 0
        processors = values["Cpus_allowed_list"].map(String.init) ?? ""
        // proc(5): utime and stime are the 14th and 15th field, and the second may hold anything in parentheses.
        let stat = ProcFile.read("/proc/\(identifier)/stat")?.split(separator: ")").last ?? ""
        processorMilliseconds =
            stat.split(separator: " ").dropFirst(11).prefix(2).compactMap { Int($0) }.reduce(0, +) * 10
    }

    /// The children of a process, by the kernel's list.
    package static func children(of identifier: Int32) -> [Int32] {
        let list = ProcFile.read("/proc/\(identifier)/task/\(identifier)/children")
        return (list ?? "").split(separator: " ").compactMap { Int32($0.filter(\.isNumber)) }
    }

    /// Open descriptors, the lowest number of a while: connections come and go.
    package static func settledDescriptors(of identifier: Int32) -> Int {
        (0..<20).compactMap { _ in
            sleep(for: .milliseconds(20))
            return ProcessFigures(of: identifier)?.descriptors
        }.min() ?? 0
    }

    package static func isAlive(_ identifier: Int32) -> Bool {
        ProcessFigures(of: identifier) != nil
    }
}
