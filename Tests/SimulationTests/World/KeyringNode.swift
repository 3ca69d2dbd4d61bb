// SPDX-License-Identifier: Apache-2.0

import Shared

@testable import Worker

/// The keyring, as the others see it: it says hello, publishes keys, and fetches them anew when it is asked. In some
/// worlds the second key is published late, in some never.
final class KeyringNode: SimulatedProcess, ControlChannelOwner, TimerHandler {
    typealias Incoming = ToWorker

    let panel: PanelReader
    private let writer: PanelWriter
    private var channel: ControlChannel<KeyringNode, ToSupervisor>?
    private var generation: UInt64 = 0
    private var random: Random

    private enum Tag {
        static let publish: UInt32 = 0
        static let beat: UInt32 = 1
    }

    init(world: World, channel: Channel) {
        random = Random(seed: world.scenario.seed, stream: 4)
        do {
            let board = try PanelReader.makeFile(rows: 1)
            panel = try PanelReader(board, rows: 1)
            writer = try PanelWriter(board, rows: 1)
            let kernel = SimulatedKernel(world: world)
            super.init(world: world, kernel: kernel, reactor: Reactor(kernel: kernel))
            self.channel = try ControlChannel(
                reactor: reactor, socket: FileDescriptor(owning: kernel.insert(channel)), owner: self)
        } catch {
            fatalError("the keyring does not start: \(error)")
        }
        _ = self.channel?.send(.hello(version: ControlProtocol.version))
        _ = reactor.startTimer(
            at: reactor.now + random.milliseconds(1...200), handler: self, tag: Tag.publish)
        _ = reactor.startTimer(at: reactor.now, handler: self, tag: Tag.beat)
        wake(after: .milliseconds(1))
    }

    func received(_ reception: consuming Reception<ToWorker>, on channel: UInt32) {
        switch consume reception {
        case .message(.refreshKeys):
            let delay = random.milliseconds(world.scenario.has(.lateKeys) ? 5...3_000 : 5...50)
            _ = reactor.startTimer(at: reactor.now + delay, handler: self, tag: Tag.publish)
        case .message(.drain): reactor.stop()
        case .message(.stop): reactor.stop()
        case .endOfFile: reactor.stop()
        default: break
        }
    }

    func channelWritable(_ channel: UInt32) {}

    func timerFired(tag: UInt32, now: Instant) {
        writer.beat(now)
        guard tag == Tag.publish else {
            _ = reactor.startTimer(at: now + .seconds(1), handler: self, tag: Tag.beat)
            return
        }
        let isFirst = generation == 0
        publish()
        if isFirst { _ = channel?.send(.ready) }
    }

    private func publish() {
        let late = generation > 0 || random.chance(30)
        do {
            let file = try MemoryFile.sealed(
                name: "keys", bytes: Tokens.document(generation: generation + 1, late: late))
            if channel?.send(.keys(generation: generation + 1), passing: file.raw) == .sent {
                generation += 1
                return
            }
        } catch {
            world.fail("no keys file: \(error)")
        }
        _ = reactor.startTimer(at: reactor.now + .milliseconds(20), handler: self, tag: Tag.publish)
    }

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
