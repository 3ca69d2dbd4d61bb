// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// The admin process as the supervisor sees it: its slot, its listener with a ledger of its own (its connections are not
/// the gateway's), and what it is told of panels.
final class AdminGate: AcceptorOwner {
    /// Above every gateway worker's number, and below the keyrings'.
    static let slotNumber = KeyringPost.firstNumber - 1
    /// Connections at most; the kernel's backlog holds the others.
    static let maxConnections = 64
    /// Of these, one address holds half at most: a client that keeps them must not hide health from the others.
    static let maxPerAddress = maxConnections / 2
    /// How long a connection may wait for an admin process.
    private static let holdAllowance = Duration.seconds(10)

    let slot: WorkerSlot
    let handOff: HandOff
    private let board: SupervisorBoard
    let acceptor: Acceptor
    private let log: Logger
    /// What the process has yet to be told of panels, in order; none as long as it has not said hello.
    private var notices: [Notice] = []
    private(set) var isGreeted = false
    private var refusalPacer = LogPacer()

    private enum Notice {
        case own
        case retired(PanelTotals)
        case began(WorkerProcess)
        case ended(PanelOwner)
    }

    init(
        reactor: Reactor, sockets: ListenerSockets, board: SupervisorBoard, slot: WorkerSlot, log: Logger
    ) throws(Errno) {
        self.slot = slot
        self.board = board
        self.log = log
        handOff = HandOff(
            kernel: reactor.kernel, capacity: Self.maxConnections, slots: slot.number + 1,
            holdAllowance: Self.holdAllowance)
        handOff.addresses = AddressLimiter(connections: Self.maxPerAddress)
        acceptor = try Acceptor(reactor: reactor, sockets: sockets, log: log)
        acceptor.owner = self
    }

    // MARK: Connections

    var acceptFigures: (credits: Int, held: Int, room: Int) { handOff.acceptFigures }

    func accepted(_ socket: consuming FileDescriptor, listener: UInt16, peer: SocketAddress, now: Instant) {
        if let refusal = handOff.accepted(socket, listener: 0, peer: peer, now: now),
            let times = refusalPacer.happened(now)
        {
            log.warning(
                "connections of an address refused on the admin listener",
                metadata: ["client": "\(peer.host)", "limit": "\(refusal.rawValue)", "since_last_line": "\(times)"])
        }
        dispatch()
    }

    func dispatch() {
        handOff.dispatch { offer, socket in
            let message = ToWorker.connection(
                id: offer.connection.rawValue, listener: offer.listener, peer: offer.peer)
            return slot.process?.send(message, passing: socket) == .sent
        }
    }

    /// Once in each turn.
    func update(now: Instant) { acceptor.update(now: now) }

    /// Nothing is accepted any more.
    func stop() {
        acceptor.stop()
        _ = handOff.giveUpHeld(until: .never)
    }

    // MARK: The process

    /// It has said hello: it is told of every panel there is.
    func greeted(processes: [WorkerProcess]) {
        isGreeted = true
        notices = [.own, .retired(board.retired)] + processes.map { .began($0) }
        tell()
    }

    /// The process that the program before us had, which knows of every panel but our own.
    func adopted(isGreeted: Bool) {
        self.isGreeted = isGreeted
        guard isGreeted else { return }
        notices = [.own]
        tell()
    }

    func becameReady() {
        handOff.workerReady(slot.id, credits: Self.maxConnections)
        dispatch()
    }

    /// Its channel takes messages again.
    func channelWritable() {
        tell()
        if let process = slot.process { handOff.workerHasRoom(process.id) }
        dispatch()
    }

    /// A child was started.
    func began(_ process: WorkerProcess) {
        if process.role == .admin {
            isGreeted = false
            notices.removeAll()
        }
        guard isGreeted else { return }
        notices.append(.began(process))
        tell()
    }

    /// A child was reaped.
    func ended(_ process: WorkerProcess) {
        if process.role == .admin {
            isGreeted = false
            notices.removeAll()
        }
        guard isGreeted else { return }
        notices.append(.ended(PanelOwner(process)))
        tell()
    }

    /// Says what there is to say, as far as the channel takes it.
    private func tell() {
        guard let process = slot.process else { return }
        while let notice = notices.first {
            do throws(Errno) {
                guard try send(notice, to: process) else { return }
            } catch {
                log.warning("a panel was not passed to the admin process", metadata: ["error": "\(error)"])
            }
            notices.removeFirst()
        }
    }

    /// False: it is to be tried again when there is room.
    private func send(_ notice: Notice, to process: WorkerProcess) throws(Errno) -> Bool {
        switch notice {
        case .own:
            let file = try board.readOnlyPanel()
            return process.send(.panel(PanelOwner(role: .supervisor)), passing: file.raw) != .full
        case .retired(let totals):
            let file = try SupervisorBoard.panel(of: totals)
            return process.send(.panel(PanelOwner(role: .retired)), passing: file.raw) != .full
        case .began(let child):
            guard let raw = child.panel.raw else { return true }
            return process.send(.panel(PanelOwner(child)), passing: raw) != .full
        case .ended(let owner):
            return process.send(.panelGone(owner)) != .full
        }
    }
}
