// SPDX-License-Identifier: Apache-2.0

import Glibc
import Shared

/// What travels with a record.
enum PassedObject {
    case stream(Endpoint)
    /// A file in memory, which is a real one.
    case memory(FileDescriptorBox)
}

/// Holds a real descriptor, because what owns one cannot lie in an array.
final class FileDescriptorBox {
    private var descriptor: Int32

    init(duplicating raw: Int32) {
        descriptor = fcntl(raw, F_DUPFD_CLOEXEC, 3)
        precondition(descriptor >= 0, "no descriptor")
    }

    func take() -> Int32 {
        defer { descriptor = -1 }
        return descriptor
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}

/// One end of a simulated SOCK_SEQPACKET pair.
final class Channel {
    struct Record {
        let bytes: [UInt8]
        let passed: PassedObject?
    }

    let id: Int
    unowned let world: World
    private(set) weak var peer: Channel?
    private let capacity: Int
    private var records: [Record] = []
    private(set) var isClosed = false
    private(set) var peerClosed = false
    weak var watcher: SimulatedKernel?

    private init(world: World, capacity: Int) {
        id = world.nextID()
        self.world = world
        self.capacity = capacity
    }

    static func pair(world: World, capacity: Int) -> (Channel, Channel) {
        let ends = (Channel(world: world, capacity: capacity), Channel(world: world, capacity: capacity))
        ends.0.peer = ends.1
        ends.1.peer = ends.0
        return ends
    }

    var readable: Bool { !records.isEmpty || peerClosed }
    var writable: Bool { peerClosed || hasRoom }
    private var hasRoom: Bool { (peer?.records.count ?? 0) < capacity }

    /// 0, or an error number.
    func send(_ record: Record) -> Int32 {
        guard !peerClosed, let peer else { return EPIPE }
        guard hasRoom else { return EAGAIN }
        if case .stream(let endpoint)? = record.passed { endpoint.retain() }
        peer.records.append(record)
        peer.watcher?.changed()
        return 0
    }

    func receive() -> Record? {
        guard !records.isEmpty else { return nil }
        let record = records.removeFirst()
        peer?.watcher?.changed()
        return record
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        watcher = nil
        for record in records {
            if case .stream(let endpoint)? = record.passed { endpoint.release() }
        }
        records.removeAll()
        peer?.peerClosed = true
        peer?.watcher?.changed()
    }
}
