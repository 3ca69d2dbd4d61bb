// SPDX-License-Identifier: Apache-2.0

import Shared

@testable import Worker

/// The keyring: its real machine decides what is fetched and published, and when; only libcurl is played here.
final class KeyringNode: SimulatedProcess, ControlChannelOwner, TimerHandler {
    typealias Incoming = ToWorker

    let panel: PanelReader
    private let writer: PanelWriter
    private let provider: SimulatedProvider
    private var channel: ControlChannel<KeyringNode, ToSupervisor>?
    private var machine: KeyringStateMachine
    private var refreshTimer = Reactor.Timer.none
    private var fetches: [(issuer: Int, result: Result<[UInt8], FetchFailure>, at: Instant)] = []
    private var unsent: (generation: UInt64, document: String)?
    private var isReadySent = false
    private var random: Random

    private enum Tag {
        static let refresh: UInt32 = 0
        static let beat: UInt32 = 1
        static let fetched: UInt32 = 2
    }

    init(world: World, configuration: GatewayConfiguration, channel: Channel, provider: SimulatedProvider) {
        self.provider = provider
        random = Random(seed: world.scenario.seed, stream: 4)
        do {
            let board = try PanelReader.makeFile(rows: 1)
            panel = try PanelReader(board, rows: 1)
            writer = try PanelWriter(board, rows: 1)
            let kernel = SimulatedKernel(world: world)
            let reactor = Reactor(kernel: kernel)
            let issuers = AuthenticationPolicy(configuration.authentication).issuers
            machine = KeyringStateMachine(
                issuers: issuers.map { .init(issuer: $0.url, discoveryURL: $0.discoveryURL) },
                settings: configuration.authentication.keys, deadlines: configuration.deadlines,
                now: reactor.now)
            super.init(world: world, kernel: kernel, reactor: reactor)
            self.channel = try ControlChannel(
                reactor: reactor, socket: FileDescriptor(owning: kernel.insert(channel)), owner: self)
        } catch {
            fatalError("the keyring does not start: \(error)")
        }
        _ = self.channel?.send(.hello(version: ControlProtocol.version))
        _ = reactor.startTimer(at: reactor.now, handler: self, tag: Tag.beat)
        perform(machine.tick(now: reactor.now))
        wake(after: .milliseconds(1))
    }

    // MARK: What the machine wants

    private func perform(_ actions: [KeyringStateMachine.Action]) {
        for action in actions {
            switch action {
            case .get(let issuer, let url, let deadline):
                let (result, delay) = provider.answer(url)
                let time = min(reactor.now + delay, deadline)
                fetches.append((issuer, result, time))
                _ = reactor.startTimer(at: time, handler: self, tag: Tag.fetched)
            case .publish(let generation, let document): publish(generation, document)
            case .report: break
            }
        }
        reactor.cancelTimer(&refreshTimer)
        if let next = machine.nextTick {
            refreshTimer = reactor.startTimer(at: next, handler: self, tag: Tag.refresh)
        }
    }

    private func publish(_ generation: UInt64, _ document: String) {
        unsent = nil
        do {
            let file = try MemoryFile.sealed(name: "keys", bytes: Array(document.utf8))
            world.note("keys published", Int(generation), document.utf8.count)
            switch channel?.send(.keys(generation: generation), passing: file.raw) {
            case .sent:
                if !isReadySent, machine.isReady { isReadySent = channel?.send(.ready) == .sent }
            case .full: unsent = (generation, document)
            case .closed, nil: reactor.stop()
            }
        } catch {
            world.fail("no keys file: \(error)")
        }
    }

    // MARK: Events

    func timerFired(tag: UInt32, now: Instant) {
        switch tag {
        case Tag.refresh:
            refreshTimer = .none
            perform(machine.tick(now: now))
        case Tag.fetched:
            while let index = fetches.firstIndex(where: { $0.at <= now }) {
                let fetch = fetches.remove(at: index)
                perform(
                    machine.finished(
                        issuer: fetch.issuer, fetch.result, now: now, wallClock: kernel.wallClock(),
                        jitter: Double(random.below(1_000)) / 1_000))
            }
        default:
            writer.beat(now)
            _ = reactor.startTimer(at: now + .seconds(1), handler: self, tag: Tag.beat)
            if let (generation, document) = unsent { publish(generation, document) }
        }
    }

    func received(_ reception: consuming Reception<ToWorker>, on channel: UInt32) {
        switch consume reception {
        case .message(.refreshKeys(let issuer)):
            perform(machine.demand(issuer: issuer.map(Int.init), now: reactor.now))
        case .message(.credentialsChanged): perform(machine.credentialsChanged(now: reactor.now))
        case .messageWithDescriptor(.keys, let file): inherit(file)
        case .message(.drain): reactor.stop()
        case .message(.stop): reactor.stop()
        case .endOfFile: reactor.stop()
        default: break
        }
    }

    private func inherit(_ file: consuming FileDescriptor) {
        guard let document = try? MemoryFile.read(file) else { return }
        perform(machine.inherit(document, now: reactor.now, wallClock: kernel.wallClock()))
    }

    func channelWritable(_ channel: UInt32) {
        if let (generation, document) = unsent { publish(generation, document) }
    }

    // MARK: The end

    override func leave() {
        end(code: 0)
        forget()
    }

    override func bury() { forget() }

    private func forget() {
        reactor.forgetAll()
        channel = nil
    }
}
