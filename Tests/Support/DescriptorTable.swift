// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The open descriptors of a process, as the kernel tells them.
package enum DescriptorTable {
    package struct Entry: Sendable {
        package let number: Int
        /// What it is, such as `socket:[4711]`.
        package let target: String
        package let closesOnExec: Bool
    }

    /// In the order of their numbers.
    package static func of(_ process: Int32) throws -> [Entry] {
        let folder = "/proc/\(process)"
        return try FileManager.default.contentsOfDirectory(atPath: folder + "/fd").compactMap { Int($0) }.sorted()
            .compactMap { number in
                // It may be closed meanwhile.
                guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/fd/\(number)"),
                    let info = ProcFile.read("\(folder)/fdinfo/\(number)"),
                    let line = info.split(separator: "\n").first(where: { $0.hasPrefix("flags:") }),
                    let flags = Int(line.dropFirst(6).trimmingCharacters(in: .whitespaces), radix: 8)
                else { return nil }
                return Entry(number: number, target: target, closesOnExec: flags & 0o2000000 != 0)
            }
    }
}
