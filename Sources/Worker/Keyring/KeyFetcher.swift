// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import CLinux
internal import Shared

/// Who is told of a finished fetch.
protocol KeyFetcherOwner: AnyObject {
    /// - Parameter maxAge: for how long the answer says that it may be kept.
    func fetched(issuer: Int, _ result: Result<[UInt8], FetchFailure>, maxAge: Duration?, now: Instant)
}

/// Fetches documents over https with libcurl's multi-socket interface: curl says which sockets and which timer it waits
/// for, our loop waits.
///
/// One connection for each document, closed after it: fetches are minutes apart, and CA files are read anew each time.
@safe final class KeyFetcher: EventHandler, TimerHandler {
    /// No document may be longer.
    static let maximumBytes = 1 << 20
    static let maximumRedirects = 3
    private static let connectMilliseconds = 5_000

    private let reactor: Reactor
    private unowned let owner: any KeyFetcherOwner
    private let multi: UnsafeMutableRawPointer
    private var timer = Reactor.Timer.none
    private let sockets: CurlSockets
    private var transfers: [(issuer: Int, curl: CurlTransfer)] = []

    /// curl itself has no memory or is broken.
    struct Unavailable: Error {}

    init(reactor: Reactor, owner: any KeyFetcherOwner) throws(Unavailable) {
        // CURLOPT_NOSIGNAL (below) leaves SIGPIPE to us.
        lg_ignore_sigpipe()
        guard curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK, let multi = unsafe curl_multi_init() else {
            throw Unavailable()
        }
        self.reactor = reactor
        sockets = CurlSockets(reactor: reactor)
        self.owner = owner
        unsafe self.multi = multi
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe lychgate_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, context)
        _ = unsafe lychgate_multi_set_pointer(multi, CURLMOPT_TIMERDATA, context)
        _ = unsafe lychgate_multi_set_socket(multi) { _, socket, what, context, _ in
            guard let context = unsafe context else { return 0 }
            unsafe Unmanaged<KeyFetcher>.fromOpaque(context).takeUnretainedValue().watch(socket, what)
            return 0
        }
        _ = unsafe lychgate_multi_set_timer(multi) { _, milliseconds, context in
            guard let context = unsafe context else { return 0 }
            unsafe Unmanaged<KeyFetcher>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds)
            return 0
        }
    }

    deinit {
        // Cleaning up calls back once more, into an object that is going away.
        _ = unsafe lychgate_multi_set_socket(multi, nil)
        _ = unsafe lychgate_multi_set_timer(multi, nil)
        for transfer in transfers { unsafe transfer.curl.detach(from: multi) }
        _ = unsafe curl_multi_cleanup(multi)
    }

    /// Starts to fetch `url`; the owner hears of the end in any case, of a failure to start before this returns.
    func fetch(issuer: Int, url: String, authority: IssuerPolicy.Authority, deadline: Instant) {
        let remaining = Int(deadline.since(reactor.now).milliseconds)
        guard remaining > 0,
            let transfer = CurlTransfer(
                CurlRequest(
                    url: url, trust: LookupTrust(authority), redirects: Self.maximumRedirects, keepsConnection: false,
                    milliseconds: remaining, connectMilliseconds: min(remaining, Self.connectMilliseconds),
                    maximumBytes: Self.maximumBytes))
        else {
            owner.fetched(
                issuer: issuer, .failure(remaining > 0 ? .transfer("curl cannot start") : .timedOut), maxAge: nil,
                now: reactor.now)
            return
        }
        transfers.append((issuer, transfer))
        // The first socket action comes by the timer, which curl sets here.
        unsafe transfer.attach(to: multi)
    }

    /// Drops every fetch under way; the owner hears nothing more of them.
    func cancelAll() {
        for transfer in transfers { unsafe transfer.curl.detach(from: multi) }
        transfers.removeAll()
        reactor.cancelTimer(&timer)
    }

    func ready(_ readiness: Readiness, tag: UInt32, now: Instant) {
        act(on: Int32(bitPattern: tag), CurlSockets.events(readiness), now: now)
    }

    func timerFired(tag: UInt32, now: Instant) {
        timer = .none
        act(on: CURL_SOCKET_BAD, 0, now: now)
    }

    private func act(on socket: Int32, _ events: Int32, now: Instant) {
        var running: Int32 = 0
        _ = unsafe curl_multi_socket_action(multi, socket, events, &running)
        var result = CURLE_OK
        while let easy = unsafe lychgate_multi_next_done(multi, &result) {
            guard let index = transfers.firstIndex(where: { unsafe $0.curl.isCurl(easy) }) else { continue }
            let (issuer, transfer) = transfers.remove(at: index)
            unsafe transfer.detach(from: multi)
            owner.fetched(
                issuer: issuer, Self.document(transfer.outcome(result)),
                maxAge: CacheControl.maxAge(transfer.values(of: "Cache-Control")), now: now)
        }
    }

    private static func document(_ outcome: Result<LookupReply, CurlFailure>) -> Result<[UInt8], FetchFailure> {
        switch outcome {
        case .success(let reply): reply.status == 200 ? .success(reply.body) : .failure(.status(reply.status))
        case .failure(let failure): .failure(FetchFailure(failure))
        }
    }

    /// curl's CURLMOPT_SOCKETFUNCTION.
    private func watch(_ socket: Int32, _ what: Int32) {
        sockets.watch(socket, what, handler: self)
    }

    /// curl's CURLMOPT_TIMERFUNCTION; below zero: no timer.
    private func setTimer(_ milliseconds: Int) {
        reactor.cancelTimer(&timer)
        guard milliseconds >= 0 else { return }
        timer = reactor.startTimer(at: reactor.now + .milliseconds(milliseconds), handler: self)
    }
}

extension LookupTrust {
    /// Only the configured authorities, if there are any.
    fileprivate init(_ authority: IssuerPolicy.Authority) {
        switch authority {
        case .system: self.init()
        case .file(let path): self.init(authoritiesFile: path)
        case .pem(let text): self.init(authorities: Array(text.utf8))
        }
    }
}
