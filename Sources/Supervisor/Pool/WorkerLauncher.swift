// SPDX-License-Identifier: Apache-2.0

import Shared

/// Starts children as processes, each with a control channel, a panel and the configuration.
final class WorkerLauncher: ChildLauncher {
    /// Kept open: who is started later is of the same build as those before.
    let program: ProgramFile
    /// Exchanges in flight that a panel has room for.
    let panelRows: Int
    let speaks: ClosedRange<UInt32>
    private let configuration: FileDescriptor
    private let environment: [String]

    private let groups: WorkerGroups?
    private let groupLimit: Int

    /// - Parameters:
    ///   - json: the configuration, as children read it.
    ///   - groups: where children get control groups of their own; nil: nowhere.
    ///   - speaks: the versions of the control protocol that the program's children may speak.
    init(
        program: ProgramFile, panelRows: Int, json: [UInt8], journal: Bool, groups: WorkerGroups? = nil,
        groupLimit: Int = 0, speaks: ClosedRange<UInt32> = ControlProtocol.version...ControlProtocol.version
    ) throws(Errno) {
        self.program = program
        self.groups = groups
        self.groupLimit = groupLimit
        self.panelRows = panelRows
        self.speaks = speaks
        configuration = try MemoryFile.sealed(name: "lychgate-configuration", bytes: json)
        // Nothing of our own environment: it may hold anything. A child only needs to know who reads its log.
        var environment = journal ? ["LYCHGATE_JOURNAL=1"] : []
        #if DEBUG
            if let fault = ProcessEnvironment.value("LYCHGATE_FAULT") { environment.append("LYCHGATE_FAULT=\(fault)") }
        #endif
        self.environment = environment
    }

    /// The child's copies: 3 channel, 4 panel, 5 configuration.
    func launch(_ role: WorkerRole, as id: WorkerID) throws(Errno) -> LaunchedChild {
        let ends = try SocketPair.make()
        let ours = FileDescriptor(owning: ends.ours)
        let theirs = FileDescriptor(owning: ends.theirs)
        let board = try PanelReader.makeFile(rows: panelRows)
        let panel = try PanelReader(board, rows: panelRows, keepsFile: true)
        let process = try ChildProcess.spawn(
            path: program.pathForChildren, name: program.path, arguments: [role.rawValue],
            environment: environment + ["\(ControlProtocol.workerVariable)=\(id)"],
            descriptors: [theirs.raw, board.raw, configuration.raw])
        // Without a group of its own it is watched by its RssAnon alone.
        let group = try? groups?.admit(process.pid, name: WorkerGroups.name(role, process.pid), limit: groupLimit)
        return LaunchedChild(
            process: SpawnedChild(process, group: group), channel: ours.release(), panel: panel)
    }
}
