// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Looks at files that the configuration names, before anything depends on them.
enum FileProbe {
    /// The most that is read of a configuration or a kubeconfig, in bytes.
    static let maximumSize = 1_048_576

    /// Why a file cannot be used: `cannot be read: …`, or nil when it can.
    static func complaint(about path: String) -> String? {
        // `attributesOfItem` does not follow links, and mounted secrets are links.
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: target) else {
            return "no such file: \(path); write the path of an existing file instead"
        }
        switch attributes[.type] as? FileAttributeType {
        case .typeDirectory?:
            return "\(path) is a folder; write the path of a file in it instead"
        case .typeRegular?:
            break
        default:
            return "\(path) is no regular file; write the path of one instead"
        }
        guard FileManager.default.isReadableFile(atPath: target) else {
            return "\(path) may not be read by this user; give the user read access to it"
        }
        if let size = attributes[.size] as? NSNumber, size.int64Value == 0 {
            return "\(path) is empty; write the path of a file with the contents instead"
        }
        return nil
    }

    /// A whole text file of limited size.
    ///
    /// - Throws: the complaint, for the report.
    static func text(of path: String) throws(Unreadable) -> String {
        if let complaint = Self.complaint(about: path) {
            throw Unreadable(complaint: complaint)
        }
        guard let handle = FileHandle(forReadingAtPath: path),
            let data = try? handle.read(upToCount: Self.maximumSize + 1)
        else { throw Unreadable(complaint: "\(path) cannot be read") }
        guard data.count <= Self.maximumSize else {
            throw Unreadable(complaint: "\(path) is larger than \(SizeText.format(Self.maximumSize))")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw Unreadable(complaint: "\(path) is not UTF-8 text")
        }
        return text
    }

    struct Unreadable: Error {
        let complaint: String
    }
}
