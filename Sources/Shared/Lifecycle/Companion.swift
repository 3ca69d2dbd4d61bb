// SPDX-License-Identifier: Apache-2.0

/// Finds the other binaries of the same build.
package enum Companion {
    /// Where Debian's package puts what people do not run themselves.
    package static let libraryFolder = "/usr/libexec/lychgate"

    /// Beside the running program, else in the library folder, unless configured; nil when none can be run.
    package static func path(of name: String, configured: String? = nil) -> String? {
        if let configured {
            return configured
        }
        var folders = [Self.libraryFolder]
        if let own = ProcessImage.path(), let slash = own.lastIndex(of: "/") {
            folders.insert(String(own[..<slash]), at: 0)
        }
        return folders.map { "\($0)/\(name)" }.first { FileSystem.isExecutable($0) }
    }
}
