// SPDX-License-Identifier: Apache-2.0

import Logging
import Shared

/// The TLS context of each listener, made from its files and made anew when these change. A connection keeps the
/// context that it began with.
final class ListenerContexts: TimerHandler {
    struct Entry {
        let configuration: ListenerConfiguration
        /// nil: plain HTTP.
        var context: TLSContext?
        /// Whose PROXY headers are believed.
        let proxies: [AddressRange]
        fileprivate var files: WatchedFiles
    }

    private let reactor: Reactor
    private let logger: Logger
    private let offersHTTP2: Bool
    private var entries: [Entry] = []
    private var timer = Reactor.Timer.none
    private static let interval = Duration.seconds(2)

    init(
        reactor: Reactor, listeners: [ListenerConfiguration], offersHTTP2: Bool = true, logger: Logger
    ) throws(StartFailure) {
        self.reactor = reactor
        self.offersHTTP2 = offersHTTP2
        self.logger = logger
        for listener in listeners {
            let files = WatchedFiles(listener.tls.map { [$0.certificateFile, $0.keyFile] } ?? [])
            var context: TLSContext?
            if let tls = listener.tls {
                do {
                    context = try load(tls)
                } catch {
                    throw .configuration("listener \(listener.name): tls: \(error)")
                }
            }
            entries.append(Entry(configuration: listener, context: context, proxies: listener.proxies, files: files))
        }
        timer = reactor.startTimer(at: reactor.now + Self.interval, handler: self)
    }

    func stop() { reactor.cancelTimer(&timer) }

    subscript(_ index: Int) -> Entry? {
        entries.indices.contains(index) ? entries[index] : nil
    }

    /// When each listener's certificate expires, in seconds since 1970; 0: it has none.
    var certificateExpiries: [UInt64] {
        entries.map { UInt64(max(0, $0.context?.certificateExpiry ?? 0)) }
    }

    func timerFired(tag: UInt32, now: Instant) {
        timer = reactor.startTimer(at: now + Self.interval, handler: self)
        reloadIfChanged()
    }

    /// Reads certificates and keys again if one of their files has changed.
    func reloadIfChanged() {
        for index in entries.indices {
            guard entries[index].files.haveChanged(), let tls = entries[index].configuration.tls else { continue }
            let name = entries[index].configuration.name
            do {
                entries[index].context = try load(tls)
                logger.info("listener certificate read again", metadata: ["listener": "\(name)"])
            } catch {
                // Certificate and key change one after the other: the second change comes through here again.
                logger.error(
                    "listener certificate has changed but cannot be used",
                    metadata: ["listener": "\(name)", "error": "\(error)"])
            }
        }
    }

    private func load(_ tls: ListenerConfiguration.ServerTLS) throws -> TLSContext {
        let chain: [UInt8]
        let key: [UInt8]
        do { chain = try FileReader.read(tls.certificateFile) } catch {
            throw Unreadable(path: tls.certificateFile, error: error)
        }
        do { key = try FileReader.read(tls.keyFile) } catch { throw Unreadable(path: tls.keyFile, error: error) }
        return try TLSContext.server(
            credentials: .init(chain: chain, key: key), minimumVersion: tls.minimumVersion,
            offersHTTP2: offersHTTP2)
    }

    private struct Unreadable: Error, CustomStringConvertible {
        let path: String
        let error: Errno
        var description: String { "\(path): \(error)" }
    }
}
