// SPDX-License-Identifier: Apache-2.0

import CLinux
import Foundation
import TestSupport

/// Runs a soak: ten tenths of requests that are abandoned in every way and state, with waves of held watches, an upstream
/// that stops accepting, and clients that are killed; the gateway's level at rest before, after the first tenth, and at
/// the end.
final class Conductor {
    private let subject: any Subject
    private let ledger: Ledger
    private let ledgerPath: String
    private let folder: TemporaryFolder
    private let requests: Int
    private let started = ContinuousClock.now
    private var random = SoakRandom(seed: 20_261_124)
    private var report = Report()
    private var nextID = 0
    private var wavesDone = 0

    /// Long enough for a machine that is busy with other things.
    private static let patience = Duration.seconds(7_200)
    /// Requests of one client that is killed.
    private static let victims = 240

    init(_ subject: any Subject, requests: Int, ledger path: String, token: String, unknownToken: String) throws {
        self.subject = subject
        self.requests = requests
        ledgerPath = path
        ledger = try Ledger(path)
        folder = try TemporaryFolder()
        try folder.write("token", token)
        try folder.write("unknown-token", unknownToken)
        report.subject = subject.name
        report.requests = requests
        report.started = ISO8601DateFormatter().string(from: Date())
        report.machine = Self.machine
        report.loadBefore = Self.load
    }

    /// The ledger's size for so many requests: some are overtaken and made again.
    static func capacity(_ requests: Int) -> Int { requests * 4 + 50_000 }

    func run() throws -> Report {
        report.before = rest()
        for tenth in 0..<10 {
            let share = requests * (tenth + 1) / 10 - requests * tenth / 10
            try mix(share * 88 / 100)
            try waves(tenth, waiters: share * 6 / 100)
            try refuseConnections(share - share * 94 / 100)
            if tenth == 0 { report.afterFirstTenth = rest() }
            report.rssAnonAfterTenths.append(pause().processes.map(\.rssAnonBytes))
            say("\((tenth + 1) * 10) % after \(Int(elapsed)) s")
        }
        try topUp()
        report.after = rest()
        report.inFlightAfter = subject.sample()?.inFlight ?? 0
        report.upstreamConnectionsAfter = Int(ledger[.upstreamOpen])
        report.recycles = subject.recycles
        report.orphanSecondsMaxByItself = subject.longestOrphan
        report.loadAfter = Self.load
        report.elapsedSeconds = elapsed
        report.count(ledger, until: nextID, now: lg_monotonic_ns())
        report.judge()
        return report
    }

    private var elapsed: Double { (ContinuousClock.now - started).milliseconds / 1_000 }

    private func say(_ text: String) { FileHandle.standardError.write(Data("soak: \(text)\n".utf8)) }

    // MARK: Clients

    private struct Client {
        let process: ChildProcess
        let ids: Range<Int>
    }

    private func client(
        _ transport: ClientOptions.Transport, _ states: [RequestState], quota: Int, concurrency: Int,
        holds: Bool = false, isWave: Bool = false
    ) throws -> Client {
        let ids = nextID..<min(ledger.count, nextID + (holds ? concurrency * 2 : quota * 2 + 500))
        nextID = ids.upperBound
        let process = try ChildProcess(
            ProcessInfo.processInfo.arguments[0].hasPrefix("/")
                ? ProcessInfo.processInfo.arguments[0] : "/proc/self/exe",
            [
                "client", "ledger=\(ledgerPath)", "transport=\(transport.rawValue)",
                "targets=\(transport == .plain ? subject.plain : subject.tls)", "token=\(folder.file("token"))",
                "unknown-token=\(folder.file("unknown-token"))", "quota=\(quota)", "concurrency=\(concurrency)",
                "states=\(states.map { String($0.rawValue) }.joined(separator: ","))", "first=\(ids.lowerBound)",
                "ids=\(ids.count)", "hold=\(holds ? 1 : 0)", "wave=\(isWave ? 1 : 0)",
            ], folder: folder)
        return Client(process: process, ids: ids)
    }

    private func wait(_ clients: [Client]) throws {
        let deadline = Deadline.after(Self.patience)
        for client in clients {
            while client.process.waitForExit(within: .milliseconds(200)) == nil {
                watch()
                if deadline.hasPassed { throw SoakError.failed("a client does not end: \(client.process.errors)") }
            }
            guard client.process.waitForExit(within: .zero) == .code(0) else {
                throw SoakError.failed("a client failed: \(client.process.errors)")
            }
        }
    }

    private func watch() {
        guard let now = subject.sample() else { return }
        report.inFlightMax = max(report.inFlightMax, now.inFlight)
        report.orphansMaxByItself = max(report.orphansMaxByItself, now.orphans)
    }

    private static let common: [RequestState] = [
        .awaitingResponse, .responseStreaming, .responseBackPressured, .requestBody, .watch,
    ]

    private func states(_ transport: ClientOptions.Transport) -> [RequestState] {
        switch transport {
        case .plain: Self.common + [.head, .tunnel]
        case .tls: Self.common + [.head, .tunnel, .tlsHandshake]
        case .http2: Self.common
        }
    }

    private var transports: [ClientOptions.Transport] {
        subject.speaksHTTP2 ? [.plain, .tls, .http2] : [.plain, .tls]
    }

    /// How many go on at once, so that the pool's bound is not what is tested by accident.
    private var width: Int { min(400, (subject.poolSize ?? 800) / 3) }

    // MARK: Phases

    private func mix(_ count: Int) throws {
        subject.stallIssuer(true)
        defer { subject.stallIssuer(false) }
        let killed = count * 14 / 100
        let authenticating = subject.poolSize == nil ? 0 : count * 6 / 100
        let rest = count - killed - authenticating
        var clients: [Client] = []
        for transport in transports {
            let share = transport == .plain ? 42 : transport == .tls ? 22 : 36
            clients.append(
                try client(
                    transport, states(transport), quota: subject.speaksHTTP2 ? rest * share / 100 : rest / 2,
                    concurrency: max(10, width * share / 100)))
        }
        if authenticating > 0 {
            clients.append(
                try client(.plain, [.authenticating], quota: authenticating / 2, concurrency: 40))
            clients.append(
                try client(.http2, [.authenticating], quota: authenticating / 2, concurrency: 40))
        }
        var left = killed
        while left > 0 {
            let size = min(left, Self.victims, width)
            let transport = random.pick(transports)
            let extra: [RequestState] = subject.poolSize == nil ? [] : [.authenticating]
            left -= try killClient(
                client(transport, states(transport) + extra, quota: 0, concurrency: size, holds: true))
            watch()
        }
        try wait(clients)
    }

    /// Waits until most of its requests are where they should be, and kills it.
    private func killClient(_ client: Client, within limit: Duration = .seconds(3), atLeast share: Int = 95) -> Int {
        settle(client, within: limit, share: share)
        sleep(for: .milliseconds(random.below(50)))
        let time = lg_monotonic_ns()
        client.process.signal(SIGKILL)
        _ = client.process.waitForExit(within: .seconds(20))
        var count = 0
        for id in client.ids {
            let entry = ledger[id]
            guard entry.isBegun, !entry.isLeft, !entry.isOvertaken, entry.isReached || entry.isHeld else { continue }
            ledger.left(id, .killed, at: time)
            count += 1
        }
        return max(1, count)
    }

    /// Until its requests have come as far as they can.
    private func settle(_ client: Client, within limit: Duration, share: Int) {
        let size = client.ids.count / 2
        _ = eventually(within: limit, every: .milliseconds(20)) {
            client.ids.reduce(0) { $0 + (ledger[$1].isReached ? 1 : 0) } * 100 >= size * share
        }
    }

    /// Watches that are held until the pool has no room, requests that wait behind them, and then all leave: half of
    /// them one by one, half with their process.
    private func waves(_ tenth: Int, waiters: Int) throws {
        let size = (subject.poolSize ?? 1_200) * 11 / 10
        let all = max(1, (requests / 10 + size - 1) / size)
        let wanted = max(1, all * (tenth + 1) / 10) - (tenth == 0 ? 0 : max(1, all * tenth / 10))
        for index in 0..<wanted {
            wavesDone += 1
            let first = transports[wavesDone % transports.count]
            let second = transports[(wavesDone + 1) % transports.count]
            let polite = try client(first, [.watch], quota: 0, concurrency: size / 2, holds: true, isWave: true)
            let killed = try client(second, [.watch], quota: 0, concurrency: size / 2, holds: true, isWave: true)
            settle(polite, within: .seconds(2), share: 90)
            settle(killed, within: .seconds(2), share: 90)
            watch()
            let quota = waiters * (index + 1) / wanted - waiters * index / wanted
            let state = subject.poolSize == nil ? RequestState.awaitingResponse : .waitingForPool
            try wait(
                transports.map {
                    try client($0, [state], quota: max(1, quota / transports.count), concurrency: 80)
                })
            _ = killClient(killed, within: .zero)
            polite.process.signal(SIGTERM)
            try wait([polite])
        }
        if wanted == 0, waiters > 0 { try wait([client(.plain, [.awaitingResponse], quota: waiters, concurrency: 80)]) }
    }

    /// The upstream accepts nothing for a while.
    private func refuseConnections(_ count: Int) throws {
        ledger[.upstreamStalls] = 1
        defer { ledger[.upstreamStalls] = 0 }
        sleep(for: .milliseconds(50))
        try wait(
            transports.map {
                try client($0, [.connecting], quota: max(1, count / transports.count), concurrency: 60)
            })
    }

    private func topUp() throws {
        for _ in 0..<20 {
            var made = Report()
            made.count(ledger, until: nextID, now: lg_monotonic_ns())
            guard made.abandoned < requests else { return }
            let missing = requests - made.abandoned
            try wait([client(.plain, states(.plain), quota: missing, concurrency: min(missing, width / 2))])
        }
    }

    // MARK: Rest

    /// Waits until nothing is held for anyone, and a little longer for memory that is given back; then measures.
    private func rest() -> Report.Level {
        let start = report.before
        // The keyring keeps a connection to the issuer for a while (libcurl: 118 s).
        let isIdle = eventually(within: .seconds(150), every: .milliseconds(100)) {
            guard subject.isIdle(), ledger[.upstreamOpen] == 0 || subject.poolSize == nil else { return false }
            return start.map { level().descriptors <= $0.descriptors } ?? true
        }
        if !isIdle { report.failures.append("not at rest within 150 s, \(Int(elapsed)) s after the start") }
        sleep(for: .seconds(3))
        return level()
    }

    /// The level when nothing is in flight; connections that are kept may be there. Not judged: it shows whether memory
    /// grows.
    private func pause() -> Report.Level {
        _ = eventually(within: .seconds(20), every: .milliseconds(100)) { subject.isIdle() }
        sleep(for: .seconds(3))
        return level()
    }

    private func level() -> Report.Level {
        let ports = [subject.plain, subject.tls].compactMap { $0.split(separator: ":").last.flatMap { UInt16($0) } }
        return Report.Level(
            processes: subject.identifiers.compactMap(ProcessFigures.init(of:)).map {
                Report.Process(
                    pid: $0.identifier, command: $0.command, descriptors: $0.descriptors, rssAnonBytes: $0.rssAnon)
            },
            upstreamConnections: Int(ledger[.upstreamOpen]),
            socketsInCloseWait: KernelSocket.all().filter { $0.state == .closeWait && ports.contains($0.localPort) }
                .count)
    }

    /// How many processes wanted a core, over the last minute: what orphan times have to be read by.
    private static var load: Double {
        let text = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? ""
        return text.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }

    private static var machine: String {
        let information = ProcessInfo.processInfo
        let memory = Int((Double(information.physicalMemory) / 1_073_741_824).rounded())
        let kernel = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? ""
        return "\(information.activeProcessorCount) cores, \(memory) GiB, kernel "
            + kernel.split(whereSeparator: { $0 == "-" || $0 == "\n" }).prefix(1).joined()
    }
}
