// SPDX-License-Identifier: Apache-2.0

import Shared

/// What every child is started with.
struct WorkerLauncher: ~Copyable {
    let executable: String
    /// Exchanges in flight that a panel has room for.
    let panelRows: Int
    private let configuration: FileDescriptor
    private let environment: [String]

    /// - Parameter json: the configuration, as children read it.
    init(executable: String, panelRows: Int, json: [UInt8], journal: Bool) throws(Errno) {
        self.executable = executable
        self.panelRows = panelRows
        configuration = try MemoryFile.sealed(name: "lychgate-configuration", bytes: json)
        // Nothing of our own environment: it may hold anything. A child only needs to know who reads its log.
        environment = journal ? ["LYCHGATE_JOURNAL=1"] : []
    }

    /// Starts a child; the descriptors stay the caller's (the child has copies: 3 channel, 4 panel, 5 configuration).
    func spawn(
        _ role: WorkerRole, channel: borrowing FileDescriptor, panel: borrowing FileDescriptor
    ) throws(Errno) -> ChildProcess {
        try ChildProcess.spawn(
            path: executable, arguments: [role.rawValue], environment: environment,
            descriptors: [channel.raw, panel.raw, configuration.raw])
    }
}
