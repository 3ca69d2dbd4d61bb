// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Logging
import Shared
import Testing

@testable import Worker

/// The whole keyring against a real https server (`openssl s_server`), on one loop with the test's end of the channel.
@Suite("KeyringService", .serialized, .enabled(if: FileProvider.isPossible))
struct KeyringServiceTests {
    @Test func fetchesPublishesAndAnswers() throws {
        let provider = try FileProvider()
        let issuer = TestIssuer()
        let first = issuer.makeKey("first")
        let second = issuer.makeKey("second")
        provider.publish([first])
        let supervisor = try SupervisorEnd(provider, caFile: provider.caFile)
        supervisor.onKeys = { [unowned supervisor] keys in
            switch supervisor.generations.count {
            case 1:
                provider.publish([first, second])
                supervisor.say(.refreshKeys(issuer: 0))
            default: supervisor.say(.stop)
            }
        }
        #expect(supervisor.run() == ExitCode.success)
        #expect(supervisor.generations == [1, 2])
        #expect(supervisor.messages == [.hello(version: ControlProtocol.version), .ready])
        #expect(supervisor.keys?.issuers.first?.issuer == provider.url)
        #expect(supervisor.keys?.issuers.first?.keys.count == 2)
    }

    /// With the system's authorities only, the provider's certificate is a stranger's.
    @Test func aCertificateOfAnotherAuthorityIsRefused() throws {
        let provider = try FileProvider()
        provider.publish([TestIssuer().makeKey("a")])
        let supervisor = try SupervisorEnd(provider, caFile: nil)
        supervisor.endsAfter = .seconds(2)
        #expect(supervisor.run() == ExitCode.success)
        #expect(supervisor.generations.isEmpty)
        #expect(supervisor.messages == [.hello(version: ControlProtocol.version)])
    }

    @Test func anOverlongAnswerIsRefused() throws {
        let provider = try FileProvider()
        provider.write("keys", String(repeating: " ", count: KeyFetcher.maximumBytes + 1))
        let supervisor = try SupervisorEnd(provider, caFile: provider.caFile)
        supervisor.endsAfter = .seconds(2)
        #expect(supervisor.run() == ExitCode.success)
        #expect(supervisor.generations.isEmpty)
    }

    @Test func drainEndsIt() throws {
        let provider = try FileProvider()
        provider.publish([TestIssuer().makeKey("a")])
        let supervisor = try SupervisorEnd(provider, caFile: provider.caFile)
        supervisor.onKeys = { [unowned supervisor] _ in supervisor.say(.drain(deadline: .never)) }
        #expect(supervisor.run() == ExitCode.success)
        #expect(supervisor.messages.last == .drained)
    }

    @Test func theSupervisorsEndIsItsEnd() throws {
        let provider = try FileProvider()
        provider.publish([TestIssuer().makeKey("a")])
        let supervisor = try SupervisorEnd(provider, caFile: provider.caFile)
        supervisor.onKeys = { [unowned supervisor] _ in supervisor.hangUp() }
        #expect(supervisor.run() == ExitCode.success)
    }
}

/// The supervisor's end of the keyring's channel, on the same loop.
private final class SupervisorEnd: ControlChannelOwner, TimerHandler {
    typealias Incoming = ToSupervisor

    var onKeys: (KeySet) -> Void = { _ in }
    var endsAfter = Duration.seconds(20)
    private(set) var messages: [ToSupervisor] = []
    private(set) var generations: [UInt64] = []
    private(set) var keys: KeySet?
    private let reactor: Reactor
    private var channel: ControlChannel<SupervisorEnd, ToWorker>?
    private let service: KeyringService

    init(_ provider: FileProvider, caFile: String?) throws {
        reactor = try Reactor(kernel: LinuxKernel())
        var pair: [Int32] = [-1, -1]
        _ = try unsafe pair.withUnsafeMutableBufferPointer { buffer in
            try Errno.check(unsafe lg_socketpair_seqpacket(buffer.baseAddress))
        }
        let configuration = AuthenticationConfiguration(
            oidc: .init(issuerURL: provider.url, clientID: "client", caFile: caFile))
        var log = Logger(label: "keyring") { _ in SwiftLogNoOpLogHandler() }
        log.logLevel = .critical
        service = try KeyringService(
            configuration: configuration, deadlines: .init(), channel: FileDescriptor(owning: pair[0]),
            reactor: reactor,
            panel: nil, log: log)
        channel = try ControlChannel(reactor: reactor, socket: FileDescriptor(owning: pair[1]), owner: self)
    }

    func run() -> Int32 {
        var timer = reactor.startTimer(at: reactor.now + endsAfter, handler: self)
        defer {
            // A timer holds its handler, and what the closures hold.
            reactor.cancelTimer(&timer)
            onKeys = { _ in }
            later = {}
            // What the keyring said last; the loop has stopped.
            channel?.ready(.readable, tag: 0, now: reactor.now)
        }
        return service.run()
    }

    func say(_ message: ToWorker) { _ = channel?.send(message) }

    func hangUp() {
        channel?.close()
        channel = nil
    }

    func timerFired(tag: UInt32, now: Instant) { say(.stop) }

    func received(_ reception: consuming Reception<ToSupervisor>, on channel: UInt32) {
        switch consume reception {
        case .message(let message): messages.append(message)
        case .messageWithDescriptor(let message, let file):
            guard case .keys(let generation) = message, let document = try? MemoryFile.read(file),
                let keys = try? KeySet(document: document)
            else { return }
            generations.append(generation)
            self.keys = keys
            // Not from within the channel's own reading: a test may close it.
            later = { [unowned self] in onKeys(keys) }
            _ = reactor.startTimer(at: reactor.now, handler: Later(self))
        case .descriptorLost: break
        case .violation: break
        case .endOfFile: break
        }
    }

    private var later: () -> Void = {}

    private final class Later: TimerHandler {
        private unowned let end: SupervisorEnd
        init(_ end: SupervisorEnd) { self.end = end }
        func timerFired(tag: UInt32, now: Instant) { end.later() }
    }

    func channelWritable(_ channel: UInt32) {}
}
