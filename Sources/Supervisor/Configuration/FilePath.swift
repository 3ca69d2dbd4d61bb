// SPDX-License-Identifier: Apache-2.0

/// Paths as text: what a relative one means, and the folder of a file.
enum FilePath {
    /// The path itself when absolute, else below the folder.
    static func resolve(_ path: String, against folder: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
    }

    /// The folder of an absolute path.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
