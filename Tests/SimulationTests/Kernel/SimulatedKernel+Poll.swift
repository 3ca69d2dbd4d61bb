// SPDX-License-Identifier: Apache-2.0

import Glibc
import Shared

/// What epoll tells.
extension SimulatedKernel {
    func pollAdd(_ fd: Int32, _ interest: Interest, tag: UInt64) -> Int32 {
        guard enter() else { return 0 }
        if case .stream(let endpoint, _)? = objects[fd] {
            if trouble(.descriptorLimit, 3) {
                world.fault("poll: no room")
                return -ENOSPC
            }
            endpoint.watcher = self
        }
        watches.append(Watch(fd: fd, interest: interest, tag: tag))
        return 0
    }

    func pollModify(_ fd: Int32, _ interest: Interest, tag: UInt64) {
        guard enter() else { return }
        guard let index = watches.firstIndex(where: { $0.fd == fd }) else {
            return world.fail("a descriptor is watched that was not registered")
        }
        watches[index].interest = interest
        watches[index].tag = tag
    }

    func pollRemove(_ fd: Int32) {
        guard enter() else { return }
        endpoint(fd)?.watcher = nil
        watches.removeAll { $0.fd == fd }
    }

    func pollWait(_ events: inout [ReadyEvent], timeout: Duration?) -> Int {
        self.timeout = timeout
        eventsGiven = 0
        guard enter(), !watches.isEmpty else { return 0 }
        let start = random.below(watches.count)
        for offset in watches.indices where eventsGiven < events.count {
            let watch = watches[(start + offset) % watches.count]
            let readiness = readiness(of: watch)
            if readiness.isEmpty { continue }
            events[eventsGiven] = ReadyEvent(tag: watch.tag, readiness: readiness)
            eventsGiven += 1
        }
        return eventsGiven
    }

    /// What the loop would be told now, for messages.
    var readyNow: String {
        watches.filter { !readiness(of: $0).isEmpty }.map { watch in
            let bits = readiness(of: watch).rawValue
            let names = zip(["readable", "writable", "peerClosed", "failed"], [1, 2, 4, 8] as [UInt8])
                .filter { bits & $0.1 != 0 }.map(\.0)
            guard case .stream(let endpoint, let kind)? = objects[watch.fd] else { return "other \(names)" }
            return "\(kind) \(endpoint.id) \(names.joined(separator: "+"))"
        }.joined(separator: ", ")
    }

    func readiness(of watch: Watch) -> Readiness {
        var readable = false
        var writable = false
        var closed = false
        var failed = false
        switch objects[watch.fd] {
        case .stream(let endpoint, _):
            (readable, writable) = (endpoint.readable, endpoint.writable)
            (closed, failed) = (endpoint.hungUp, endpoint.failed)
        case .channel(let channel):
            (readable, writable) = (channel.readable, channel.writable)
            (closed, failed) = (channel.peerClosed, channel.peerClosed)
        case .listener(let listener): readable = listener.readable
        case .exit(let exit): readable = exit.hasEnded
        case .fresh:
            failed = refused[watch.fd] != nil
            writable = failed
        case nil: break
        }
        var readiness: Readiness = []
        if readable, watch.interest.contains(.read) { readiness.insert(.readable) }
        if writable, watch.interest.contains(.write) { readiness.insert(.writable) }
        if closed, watch.interest.contains(.hangup) { readiness.insert(.peerClosed) }
        if failed { readiness.insert(.failed) }
        return readiness
    }
}
