// SPDX-License-Identifier: Apache-2.0

import Shared

/// Starts children as processes, each with a control channel, a panel and the configuration.
final class WorkerLauncher: ChildLauncher {
    /// Kept open: who is started later is of the same build as those before.
    let program: ProgramFile
    /// Exchanges in flight that a panel has room for.
    let panelRows: Int
    private let configuration: FileDescriptor
    private let environment: [String]

    /// - Parameter json: the configuration, as children read it.
    init(program: ProgramFile, panelRows: Int, json: [UInt8], journal: Bool) throws(Errno) {
        self.program = program
        self.panelRows = panelRows
        configuration = try MemoryFile.sealed(name: "lychgate-configuration", bytes: json)
        // Nothing of our own environment: it may hold anything. A child only needs to know who reads its log.
        environment = journal ? ["LYCHGATE_JOURNAL=1"] : []
    }

    convenience init(executable: String, panelRows: Int, json: [UInt8], journal: Bool) throws(Errno) {
        try self.init(program: try ProgramFile(executable), panelRows: panelRows, json: json, journal: journal)
    }

    /// The child's copies: 3 channel, 4 panel, 5 configuration.
    func launch(_ role: WorkerRole) throws(Errno) -> LaunchedChild {
        let ends = try SocketPair.make()
        let ours = FileDescriptor(owning: ends.ours)
        let theirs = FileDescriptor(owning: ends.theirs)
        let board = try PanelReader.makeFile(rows: panelRows)
        let panel = try PanelReader(board, rows: panelRows, keepsFile: true)
        let process = try ChildProcess.spawn(
            path: program.pathForChildren, name: program.path, arguments: [role.rawValue], environment: environment,
            descriptors: [theirs.raw, board.raw, configuration.raw])
        return LaunchedChild(process: SpawnedChild(process), channel: ours.release(), panel: panel)
    }
}
