// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// Who hears of a reload or restart.
protocol ReloaderOwner: AnyObject {
    /// That configuration is in force from now on.
    func reloaded(_ loaded: LoadedConfiguration, now: Instant)
    /// One has ended, either way.
    func reloadEnded(_ kind: Reloader.Kind, _ outcome: Reloader.Outcome, now: Instant)
}

/// Takes a new configuration into force, or the same one with new processes: reads it, has it checked, lets the pool go
/// over to it, and tells whoever asked what came of it. One at a time.
final class Reloader {
    enum Kind: String, Sendable {
        /// Only what has changed.
        case reload
        /// Every child anew.
        case restart
        /// As a restart, by a supervisor that has just become another program.
        case upgrade
    }

    enum Outcome: Equatable, Sendable {
        case done(String)
        case failed(String)
    }

    private enum Phase {
        case idle
        case checking(WorkerCheckRun)
        case rolling(LoadedConfiguration, Kind)
    }

    weak var owner: (any ReloaderOwner)?
    private let pool: WorkerPool
    private let log: Logger
    private let journal: Bool
    private let groups: WorkerGroups?
    private(set) var loaded: LoadedConfiguration
    private var phase = Phase.idle
    private var kind = Kind.reload
    private var reply: ((Outcome) -> Void)?

    init(_ loaded: LoadedConfiguration, pool: WorkerPool, log: Logger, journal: Bool, groups: WorkerGroups?) {
        self.groups = groups
        self.loaded = loaded
        self.pool = pool
        self.log = log
        self.journal = journal
    }

    var isBusy: Bool {
        if case .idle = phase { return false }
        return true
    }

    /// What goes on; nil: nothing.
    var underWay: Kind? { isBusy ? kind : nil }

    /// How long one may take at most.
    var allowance: Duration {
        WorkerCheck.patience * 2
            + pool.rollAllowance(workers: WorkerCount.most, loaded.configuration.deadlines) * 2
    }

    /// Begins; `reply` is called exactly once.
    func begin(_ kind: Kind, reply: @escaping (Outcome) -> Void) {
        guard !pool.stopping else { return reply(.failed("the gateway is stopping")) }
        guard !isBusy else { return reply(.failed("another reload or restart is going on")) }
        self.reply = reply
        self.kind = kind
        log.notice("\(kind.rawValue) begins")
        let next: LoadedConfiguration
        do throws(ConfigurationError) {
            next = try read()
        } catch {
            return end(.failed("\(error)"))
        }
        if kind == .reload, next.json == loaded.json {
            pool.credentialsChanged()
            return end(.done("the configuration is unchanged; credential files are read anew"))
        }
        if let refusal = ReloadPolicy.refusal(from: loaded.configuration, to: next.configuration) {
            return end(.failed(refusal))
        }
        do throws(CommandFailure) {
            let run = try WorkerCheckRun(next, reactor: pool.reactor) { [unowned self] failure in
                checked(next, kind: kind, failure: failure)
            }
            phase = .checking(run)
        } catch {
            end(.failed("\(error)"))
        }
    }

    /// The file as it is now; what came from flags cannot change.
    private func read() throws(ConfigurationError) -> LoadedConfiguration {
        guard let file = loaded.sourceFile else { return loaded }
        return try ConfigurationLoader().load(file: file)
    }

    private func checked(_ next: LoadedConfiguration, kind: Kind, failure: String?) {
        if let failure { return end(.failed(failure)) }
        guard !pool.stopping else { return end(.failed("the gateway is stopping")) }
        do throws(StartFailure) {
            let edition = try edition(of: next, kind: kind)
            phase = .rolling(next, kind)
            pool.roll(to: edition, replacesAdmin: kind != .reload, now: pool.reactor.now)
        } catch {
            end(.failed("\(error)"))
        }
    }

    private func edition(of next: LoadedConfiguration, kind: Kind) throws(StartFailure) -> Edition {
        let configuration = next.configuration
        let executable = try Supervisor.workerExecutable(configuration.workers.executable)
        let launcher: WorkerLauncher
        do throws(Errno) {
            launcher = try WorkerLauncher(
                program: try ProgramFile(executable), panelRows: configuration.workers.maxInFlight, json: next.json,
                journal: journal, groups: groups, groupLimit: configuration.recycling.groupLimit)
        } catch {
            throw .system("cannot prepare new workers", error)
        }
        let anew = kind != .reload || ReloadPolicy.changesKeyring(from: loaded.configuration, to: configuration)
        return pool.makeEdition(configuration, launcher: launcher, keepsKeyring: !anew)
    }

    /// The pool has gone over, or back.
    func rollEnded(failure: String?, now: Instant) {
        guard case .rolling(let next, let kind) = phase else { return }
        if let failure {
            let stays =
                kind == .upgrade
                ? "the workers of the version before go on" : "the old configuration stays in force"
            return end(.failed("\(failure); \(stays)"))
        }
        loaded = next
        owner?.reloaded(next, now: now)
        end(.done("all workers were replaced"))
    }

    /// The gateway stops: nobody waits for the rest.
    func stop() {
        if case .checking(let run) = phase { run.cancel() }
        if isBusy { end(.failed("the gateway is stopping")) }
    }

    private func end(_ outcome: Outcome) {
        phase = .idle
        switch outcome {
        case .done(let what): log.notice("\(kind.rawValue) has ended", metadata: ["result": "\(what)"])
        case .failed(let why): log.error("\(kind.rawValue) has failed", metadata: ["reason": "\(why)"])
        }
        let reply = self.reply
        self.reply = nil
        owner?.reloadEnded(kind, outcome, now: pool.reactor.now)
        reply?(outcome)
    }
}
