// SPDX-License-Identifier: Apache-2.0

import Shared

/// The role `version`: writes into descriptor 4 of which build this program is, and which control protocol it speaks.
enum VersionService {
    static func run() -> Int32 {
        do throws(Errno) {
            let text = "\(Version.current) (protocol \(ControlProtocol.version))"
            try MemoryFile.append(Array(text.utf8), to: FileDescriptor.duplicate(4))
            return ExitCode.success
        } catch {
            return ExitCode.failure
        }
    }
}
