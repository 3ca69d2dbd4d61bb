// SPDX-License-Identifier: Apache-2.0

import Shared

/// What the supervisor makes known of itself and its children: its own panel, and the sums of those that are gone.
final class SupervisorBoard {
    /// Rows beyond those of the gateway workers that there may ever be: for the spare one and the other children.
    private static let spareRows = 64

    private let file: FileDescriptor
    private let writer: PanelWriter
    private var rowsUsed = 0
    /// What the panel says already of pauses, which seldom change.
    private var shownPauses = AcceptPauses()
    private var shownAdminPauses = AcceptPauses()
    private var startedAt: Int64
    private var spawns: UInt64 = 0
    private var recycles = [UInt64](repeating: 0, count: PanelTable.recycles.count)
    /// Reloads, restarts and upgrades that ended, by `reloadFigures`.
    private var reloads = [UInt64](repeating: 0, count: reloadFigures.count)
    /// What gateway workers had counted that are gone.
    private(set) var retired = PanelTotals()

    init(slots: Int, now: Instant, wallClock: Int64) throws(Errno) {
        // Each may have a successor while it drains.
        let rows = WorkerCount.most * 2 + Self.spareRows
        startedAt = wallClock
        file = try PanelReader.makeFile(rows: rows)
        writer = try PanelWriter(file, rows: rows)
        writer.start(pid: ProcessFigures.ownPid)
        writer.setPhase(.ready, now: now)
        writer.beat(now)
        writer.set(.slots, UInt64(slots))
        writer.set(.startedAt, UInt64(max(0, wallClock)))
    }

    var saved: SavedPool.Board {
        .init(
            startedAt: startedAt, spawns: spawns, recycles: recycles, retired: retired, reloads: reloads,
            logLinesLost: StandardStream.linesLost)
    }

    /// Counts on from what the program before us had.
    func restore(_ saved: SavedPool.Board) {
        startedAt = saved.startedAt
        spawns = saved.spawns
        retired = saved.retired
        writer.set(.startedAt, UInt64(max(0, startedAt)))
        for (index, count) in (saved.reloads ?? []).prefix(reloads.count).enumerated() { reloads[index] = count }
        writer.set(.spawns, spawns)
        StandardStream.loseLines(Int(clamping: saved.logLinesLost ?? 0))
        for (index, count) in reloads.enumerated() { writer.set(Self.reloadFigures[index].figure, count) }
    }

    /// The panel's memory file, for reading only.
    func readOnlyPanel() throws(Errno) -> FileDescriptor { try PanelReader.readOnly(file) }

    /// A panel with sums, which does not change any more.
    static func panel(of totals: PanelTotals) throws(Errno) -> FileDescriptor {
        let file = try PanelReader.makeFile(rows: 0)
        try PanelWriter(file, rows: 0).write(totals)
        return try PanelReader.readOnly(file)
    }

    func spawned() {
        spawns += 1
        writer.set(.spawns, spawns)
    }

    private static let reloadFigures: [(kind: Reloader.Kind, failed: Bool, figure: SupervisorFigure)] = [
        (.reload, false, .reloadsDone), (.reload, true, .reloadsFailed),
        (.restart, false, .restartsDone), (.restart, true, .restartsFailed),
        (.upgrade, false, .upgradesDone), (.upgrade, true, .upgradesFailed),
    ]

    /// A reload, restart or upgrade has ended, either way.
    func ended(_ kind: Reloader.Kind, failed: Bool) {
        guard let index = Self.reloadFigures.firstIndex(where: { $0.kind == kind && $0.failed == failed }) else {
            return
        }
        reloads[index] += 1
        writer.set(Self.reloadFigures[index].figure, reloads[index])
    }

    /// A process was reaped.
    func ended(_ process: WorkerProcess) {
        if process.role == .gateway { retired.add(process.panel) }
    }

    /// So many children were replaced for this reason.
    func replaced(_ count: UInt64, for reason: RecycleReason) {
        let place = ChildEnd(reason).rawValue
        recycles[place] = count
        writer.set(.recycles, place, count)
    }

    /// Once in each turn: a sign of life, and the ledger.
    func publish(
        _ handOff: HandOff, _ acceptor: Acceptor, admin: AdminGate?, keysGeneration: UInt64, stopping: Bool,
        now: Instant
    ) {
        let counts = handOff.counts
        let refusals = handOff.refusals
        writer.set(.descriptorPauses, acceptor.descriptorPauses)
        writer.set(.refusedConnections, refusals.connections)
        writer.set(.refusedRate, refusals.rate)
        writer.set(.refusedUnclaimed, refusals.unclaimed)
        writer.set(.forgotten, counts.forgotten ?? 0)
        if acceptor.pauses != shownPauses {
            shownPauses = acceptor.pauses
            publish(acceptor.pauses, [.pausesHeld, .pausesCredits, .pausesUnclaimed, .pausesDescriptors])
        }
        if let admin { publish(admin) }
        writer.set(.trackedAddresses, UInt64(handOff.trackedAddresses))
        writer.set(.accepted, counts.accepted)
        writer.set(.handed, counts.handed)
        writer.set(.claimed, counts.claimed)
        writer.set(.closedUnclaimed, counts.closedUnclaimed)
        writer.set(.redelivered, counts.redelivered)
        writer.set(.lost, counts.lost)
        writer.set(.unclaimed, UInt64(handOff.unclaimed))
        writer.set(.newestKeys, keysGeneration)
        writer.set(.stopping, stopping ? 1 : 0)
        writer.beat(now)
    }

    private func publish(_ admin: AdminGate) {
        let refusals = admin.handOff.refusals
        writer.set(.adminRefusedConnections, refusals.connections)
        writer.set(.adminRefusedUnclaimed, refusals.unclaimed)
        writer.set(.adminForgotten, admin.handOff.counts.forgotten ?? 0)
        if admin.acceptor.pauses != shownAdminPauses {
            shownAdminPauses = admin.acceptor.pauses
            publish(
                admin.acceptor.pauses,
                [.adminPausesHeld, .adminPausesCredits, .adminPausesUnclaimed, .adminPausesDescriptors])
        }
    }

    /// `figures`: in the order of the reasons.
    private func publish(_ pauses: AcceptPauses, _ figures: [SupervisorFigure]) {
        for (reason, figure) in zip(AcceptPauses.Reason.allCases, figures) { writer.set(figure, pauses[reason]) }
    }

    /// Once a second: how many gateway workers there should be, and the children, with what the kernel says of their
    /// memory.
    func publish(_ slots: [WorkerSlot], target: Int) {
        writer.set(.slots, UInt64(target))
        var row = 0
        for slot in slots {
            guard let process = slot.process else { continue }
            writer.writeProcess(row, ProcessRow(process, in: slot))
            row += 1
        }
        for index in row..<max(row, rowsUsed) { writer.writeProcess(index, nil) }
        rowsUsed = row
        writer.set(SupervisorFigure.logLinesLost, StandardStream.linesLost)
        writer.set(.memoryBytes, ProcessFigures.rssAnonBytes(pid: ProcessFigures.ownPid) ?? 0)
    }
}

extension ProcessRow {
    init(_ process: WorkerProcess, in slot: WorkerSlot) {
        self.init()
        self.slot = UInt64(process.id.slot)
        generation = UInt64(process.id.generation)
        role = UInt64(PanelOwner(process).role.rawValue)
        pid = UInt64(process.pid)
        state = slot.state.rawValue
        memoryBytes = process.memory ?? 0
        youngDeaths = UInt64(slot.machine.youngDeaths)
    }
}

extension PanelOwner {
    init(_ process: WorkerProcess) {
        let role: Role =
            switch process.role {
            case .gateway: .gateway
            case .keyring: .keyring
            case .admin: .admin
            }
        self.init(
            role: role, slot: UInt16(truncatingIfNeeded: process.id.slot), generation: process.id.generation)
    }
}

extension ChildEnd {
    init(_ reason: RecycleReason) {
        self =
            switch reason {
            case .inFlight: .inFlight
            case .orphans: .orphans
            case .memorySoft: .memorySoft
            case .maxRequests: .maxRequests
            case .maxAge: .maxAge
            case .roll: .roll
            case .memoryHard: .memoryHard
            case .hung: .hung
            case .protocolError: .protocolError
            case .startDeadline: .startDeadline
            case .channelLost: .channelLost
            case .versionSkew: .versionSkew
            case .died: .died
            }
    }
}
