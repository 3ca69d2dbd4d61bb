// SPDX-License-Identifier: Apache-2.0

import Glibc
import Shared

/// The kernel as one simulated process sees it: its descriptors, its event poll, its faults. Every call is a place at
/// which the process can die; from then on its calls come to nothing, as if they had never been made.
final class SimulatedKernel: Kernel, SocketWatcher {
    enum Kind: Hashable {
        case client
        case upstream
        case other
    }

    enum Object {
        case stream(Endpoint, Kind)
        case channel(Channel)
        case listener(Listener)
        case exit(ProcessExit)
        /// A socket that is not connected yet.
        case fresh
    }

    struct Watch {
        let fd: Int32
        var interest: Interest
        var tag: UInt64
    }

    unowned let world: World
    var objects: [Int32: Object] = [:]
    var watches: [Watch] = []
    private var nextFD: Int32 = 1_000_000
    var random: Random
    var refused: [Int32: Int32] = [:]
    private(set) var descriptors: [Kind: Int] = [:]
    /// The process ends at this many further calls.
    var callsLeft = Int.max
    private(set) var isDead = false
    /// The clock of a dead process, whose objects are still to be taken apart.
    var ghostTime: Instant?
    /// Something of these has become ready.
    var onChange: () -> Void = {}
    var onDeath: () -> Void = {}
    /// What `pollWait` was told last.
    var timeout: Duration?
    var eventsGiven = 0
    /// Calls that changed something: a loop that turns without any is spinning.
    var progress = 0
    var connectUpstream: (SocketAddress) -> ConnectOutcome = { _ in .refused }

    enum ConnectOutcome {
        case refused
        case silent
        case connecting(Endpoint)
    }

    init(world: World) {
        self.world = world
        random = Random(seed: world.scenario.seed, stream: UInt64(1_000_000 + world.nextID()))
    }

    /// Counts a call; false: the process is dead.
    func enter() -> Bool {
        if isDead { return false }
        callsLeft -= 1
        if callsLeft <= 0 {
            onDeath()
            return false
        }
        return true
    }

    func trouble(_ kind: Trouble, _ percent: Int) -> Bool {
        world.scenario.has(kind) && !world.isSilent && random.chance(percent)
    }

    // MARK: For the world

    func insert(_ endpoint: Endpoint, _ kind: Kind) -> Int32 {
        descriptors[kind, default: 0] += 1
        return insert(.stream(endpoint, kind))
    }

    func insert(_ channel: Channel) -> Int32 {
        channel.watcher = self
        return insert(.channel(channel))
    }

    func insert(_ listener: Listener) -> Int32 {
        listener.watcher = self
        return insert(.listener(listener))
    }

    func insert(_ exit: ProcessExit) -> Int32 {
        exit.watcher = self
        return insert(.exit(exit))
    }

    func insert(_ object: Object) -> Int32 {
        nextFD += 1
        objects[nextFD] = object
        return nextFD
    }

    var openDescriptors: Int { objects.count }

    /// The process is gone: everything it had open closes.
    func die() {
        guard !isDead else { return }
        isDead = true
        for fd in objects.keys.sorted() { drop(fd) }
        watches.removeAll()
    }

    private func drop(_ fd: Int32) {
        switch objects.removeValue(forKey: fd) {
        case .stream(let endpoint, let kind):
            descriptors[kind, default: 0] -= 1
            endpoint.release()
        case .channel(let channel): channel.close()
        case .listener(let listener): listener.close()
        case .exit(let exit): exit.watcher = nil
        case .fresh: descriptors[.upstream, default: 0] -= 1
        case nil: break
        }
    }

    func changed(_ endpoint: Endpoint) { onChange() }
    func changed() { onChange() }

    /// Whether a turn would have events.
    var hasEvents: Bool { watches.contains { !readiness(of: $0).isEmpty } }

    var watchedCount: Int { watches.count }

    /// Takes in a connection; nil: none waits, or there is no descriptor for it.
    func accept(_ fd: Int32) -> Result<(fd: Int32, peer: SocketAddress), Errno> {
        guard enter(), case .listener(let listener)? = objects[fd], listener.readable else { return .failure(.again) }
        if trouble(.descriptorLimit, 10) {
            world.fault("accept: no descriptor")
            return .failure(.tooManyFiles)
        }
        guard let (endpoint, peer) = listener.accept() else { return .failure(.again) }
        progress += 1
        return .success((insert(endpoint, .client), peer))
    }

    /// The endpoint behind a descriptor.
    func endpoint(_ fd: Int32) -> Endpoint? {
        if case .stream(let endpoint, _)? = objects[fd] { endpoint } else { nil }
    }

    // MARK: Clock

    func now() -> Instant { ghostTime ?? world.now }
    func wallClock() -> Int64 { world.wallClock }

    // MARK: Streams

    func socket(for address: SocketAddress) -> Int32 {
        guard enter() else { return -EMFILE }
        if trouble(.descriptorLimit, 15) {
            world.fault("socket: no descriptor")
            return -EMFILE
        }
        descriptors[.upstream, default: 0] += 1
        return insert(.fresh)
    }

    func connect(_ fd: Int32, to address: SocketAddress) -> Int32 {
        guard enter() else { return -ENETUNREACH }
        guard case .fresh? = objects[fd] else { return -EBADF }
        progress += 1
        switch connectUpstream(address) {
        case .silent: break
        case .refused:
            if random.chance(30) { return -ECONNREFUSED }
            world.after(random.microseconds(50...3_000)) { [weak self] in
                self?.refused[fd] = ECONNREFUSED
                self?.onChange()
            }
        case .connecting(let endpoint):
            world.after(random.microseconds(50...3_000)) { [weak self] in
                guard let self, case .fresh? = objects[fd] else {
                    endpoint.setLingerReset()
                    endpoint.release()
                    return
                }
                objects[fd] = .stream(endpoint, .upstream)
                if watches.contains(where: { $0.fd == fd }) { endpoint.watcher = self }
                onChange()
            }
        }
        return -EINPROGRESS
    }

    func pendingError(_ fd: Int32) -> Int32 {
        guard enter() else { return 0 }
        progress += 1
        return refused[fd] ?? endpoint(fd)?.brokenBy ?? 0
    }

    func prepareStream(_ fd: Int32, userTimeout: Duration) {
        guard enter() else { return }
        endpoint(fd)?.isProbed = true
    }

    func read(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard enter() else { return -Int(EIO) }
        guard case .stream(let endpoint, _)? = objects[fd] else { return -Int(EBADF) }
        var most = buffer.count
        if trouble(.partialReadsAndWrites, 25) {
            most = min(most, random.pick([1, 2, 7, 100]))
            world.fault("short read", endpoint.id, most)
        }
        switch endpoint.read(most) {
        case nil: return -Int(EAGAIN)
        case .failure(let error): return -Int(error.rawValue)
        case .success(let bytes):
            progress += 1
            world.note("read", endpoint.id, bytes.count)
            unsafe buffer.copyBytes(from: bytes)
            return bytes.count
        }
    }

    func hasUnread(_ fd: Int32) -> Bool {
        guard enter() else { return true }
        return endpoint(fd)?.readable ?? true
    }

    func write(_ fd: Int32, from buffer: UnsafeRawBufferPointer) -> Int {
        guard enter() else { return -Int(EPIPE) }
        guard case .stream(let endpoint, _)? = objects[fd] else { return -Int(EBADF) }
        var most = buffer.count
        if trouble(.partialReadsAndWrites, 25) {
            most = min(most, random.pick([1, 2, 7, 100]))
            world.fault("short write", endpoint.id, most)
        }
        switch endpoint.write(unsafe Array(buffer.prefix(most))) {
        case nil: return -Int(EAGAIN)
        case .failure(let error): return -Int(error.rawValue)
        case .success(let count):
            progress += 1
            world.note("write", endpoint.id, count)
            return count
        }
    }

    func shutdownWrite(_ fd: Int32) {
        guard enter() else { return }
        progress += 1
        endpoint(fd)?.shutdownWrite()
    }

    func close(_ fd: Int32, reset: Bool) {
        guard enter() else { return }
        guard let object = objects[fd] else { return world.fail("a descriptor is closed twice") }
        progress += 1
        if case .stream(let endpoint, _) = object {
            world.note("close", endpoint.id, reset ? 1 : 0)
            if reset { endpoint.setLingerReset() }
            onClose(endpoint, reset)
        }
        if watches.contains(where: { $0.fd == fd }) { world.fail("a watched descriptor is closed") }
        drop(fd)
    }

    func setReset(_ fd: Int32, onClose: Bool) {
        guard enter() else { return }
        endpoint(fd)?.setLingerReset(onClose)
    }

    /// A stream is closed by the process itself.
    var onClose: (Endpoint, Bool) -> Void = { endpoint, _ in endpoint.closedOnPurpose = true }

    func bytesConsumed(_ fd: Int32) -> Int64 {
        guard enter() else { return -Int64(EBADF) }
        return Int64(endpoint(fd)?.bytesRead ?? -Int(EBADF))
    }
}
