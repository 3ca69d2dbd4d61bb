// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// Who answers requests.
protocol ControlResponder: AnyObject {
    /// One line of JSON, or nil for a command that there is not.
    func answer(to request: ControlRequest) -> [UInt8]?
    /// Takes on a command whose answer comes later, by `ControlSocket.answer`: until when at most; nil: there is no such
    /// command.
    func takeOn(_ request: ControlRequest, for client: ControlClient.Name) -> Duration?
}

extension ControlResponder {
    func takeOn(_ request: ControlRequest, for client: ControlClient.Name) -> Duration? { nil }
}

/// The Unix socket by which `lychgate status` and its siblings reach the supervisor (mode 0660). It exists exactly as
/// long as this object has not been closed.
final class ControlSocket: EventHandler, TimerHandler {
    static let maxClients = 16

    private let reactor: Reactor
    private let path: String
    private let socket: ListeningSocket
    private let log: Logger
    private unowned let responder: any ControlResponder
    private var registration = Reactor.Registration.none
    private var timer = Reactor.Timer.none
    /// One descriptor for when there are no others: an operator must be able to look even then.
    private let reserve = DescriptorReserve(count: 1)
    private var admitted: UInt64 = 0
    private var clients = [ControlClient?](repeating: nil, count: maxClients)

    init(path: String, reactor: Reactor, responder: any ControlResponder, log: Logger) throws(StartFailure) {
        self.path = path
        self.reactor = reactor
        self.responder = responder
        self.log = log
        do throws(Errno) {
            try Self.makeWay(path)
        } catch {
            throw error == .addressInUse ? .controlSocketTaken(path: path) : .controlSocket(path: path, error)
        }
        do throws(Errno) {
            socket = try ListeningSocket(bindingPath: path)
            registration = try reactor.register(socket.raw, .read, handler: self)
        } catch {
            throw .controlSocket(path: path, error)
        }
    }

    /// The one that the program before us listened on, with its clients. Gives who waits for the upgrade's outcome, which
    /// comes within `allowance`.
    init(
        path: String, adopting saved: UpgradeState.Control, from passed: PassedDescriptors, allowance: Duration,
        reactor: Reactor, responder: any ControlResponder, log: Logger
    ) throws(Errno) {
        self.path = path
        self.reactor = reactor
        self.responder = responder
        self.log = log
        socket = try ListeningSocket(adopting: try passed.take(saved.descriptor))
        registration = try reactor.register(socket.raw, .read, handler: self)
        for (place, client) in saved.clients.prefix(Self.maxClients).enumerated() {
            admitted += 1
            clients[place] = try ControlClient(
                reactor: reactor, socket: try passed.take(client.descriptor), owner: self,
                name: .init(place: place, number: admitted), carrying: client, allowance: allowance)
        }
    }

    /// For the next program; `waiting`: who waits for its outcome.
    func saved(waiting: ControlClient.Name?) -> UpgradeState.Control {
        .init(
            descriptor: socket.raw,
            clients: clients.compactMap { $0 }.map { $0.saved(isWaiting: $0.name == waiting) })
    }

    /// Who waits for something that has an end.
    var waiting: [ControlClient.Name] { clients.compactMap { $0 }.filter(\.isWaiting).map(\.name) }

    /// Makes the folder if only that is missing, and removes a socket that nobody listens on any more.
    /// EADDRINUSE: somebody does.
    private static func makeWay(_ path: String) throws(Errno) {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try FileSystem.makeFolder(String(path[..<slash]), mode: 0o755)
        }
        do throws(Errno) {
            try ListeningSocket.probe(path: path)
        } catch {
            switch error {
            case .notFound: return
            // Also what a path gives that is no socket: bind(2) then says EADDRINUSE, and nothing was removed.
            case .connectionRefused where try FileSystem.isSocket(path): return try FileSystem.unlink(path)
            default: throw error
            }
        }
        throw .addressInUse
    }

    /// Removes the socket.
    func close() {
        reactor.remove(&registration)
        reactor.cancelTimer(&timer)
        for place in clients.indices { ended(place) }
        try? FileSystem.unlink(path)
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        // As many as have a place; the others wait in the backlog of 16.
        while let place = clients.firstIndex(where: { $0 == nil }) {
            do throws(Errno) {
                admit(try accept(), place: place)
            } catch {
                if error.isExhaustion { pause(now) }
                return
            }
        }
        reactor.setInterest(registration, [])
    }

    private func accept() throws(Errno) -> FileDescriptor {
        var peer = SocketAddress.unspecified
        do throws(Errno) {
            return try socket.accept(&peer)
        } catch {
            guard error.isExhaustion, reserve.isFull else { throw error }
            reserve.release()
            return try socket.accept(&peer)
        }
    }

    /// The socket stays readable, and each try would fail.
    private func pause(_ now: Instant) {
        reactor.setInterest(registration, [])
        guard !reactor.isWaiting(timer) else { return }
        timer = reactor.startTimer(at: now + AcceptPolicy.exhaustionPause, handler: self)
    }

    func timerFired(tag: UInt32, now: Instant) {
        timer = .none
        reactor.setInterest(registration, .read)
    }

    private func admit(_ accepted: consuming FileDescriptor, place: Int) {
        guard let peer = try? LocalPeer(of: accepted),
            ControlAccessPolicy.allows(peer, ownUser: LocalPeer.ownUser)
        else {
            log.warning("refused a client of the control socket")
            return
        }
        admitted += 1
        clients[place] = try? ControlClient(
            reactor: reactor, socket: accepted, owner: self, name: .init(place: place, number: admitted))
    }

    func ended(_ place: Int) {
        clients[place]?.close()
        clients[place] = nil
        reserve.refill()
        reactor.setInterest(registration, .read)
    }

    /// The answer to what was taken on; its client may have gone.
    func answer(_ name: ControlClient.Name, _ line: [UInt8]) {
        guard let client = clients[name.place], client.name == name else { return }
        client.answerLate(line)
    }

    func respond(to line: [UInt8], of client: ControlClient.Name) -> ControlClient.Response {
        guard let request = ControlRequest(line: line) else {
            return .now(ControlAnswer.line(ControlFailure(error: "not a JSON object with a command")))
        }
        if let answer = responder.answer(to: request) { return .now(answer) }
        if let allowance = responder.takeOn(request, for: client) { return .later(allowance) }
        return .now(ControlAnswer.line(ControlFailure(error: "unknown command \(request.command)")))
    }
}
