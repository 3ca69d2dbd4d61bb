// SPDX-License-Identifier: Apache-2.0

import Glibc
import Shared

/// Control channels.
extension SimulatedKernel {
    func sendRecord(_ fd: Int32, bytes: UnsafeRawBufferPointer, passing descriptor: Int32?) -> Int {
        guard enter(), case .channel(let channel)? = objects[fd] else { return -Int(EPIPE) }
        if trouble(.fullChannels, 20) {
            world.fault("channel full", channel.id)
            world.after(random.microseconds(10...5_000)) { [weak self] in self?.onChange() }
            return -Int(random.chance(50) ? EAGAIN : ETOOMANYREFS)
        }
        var passed: PassedObject?
        if let descriptor {
            if let endpoint = endpoint(descriptor) {
                passed = .stream(endpoint)
            } else {
                passed = .memory(FileDescriptorBox(duplicating: descriptor))
            }
        }
        let record = Channel.Record(bytes: unsafe Array(bytes), passed: passed)
        let error = channel.send(record)
        guard error == 0 else { return -Int(error) }
        progress += 1
        world.note("record sent", channel.id, record.bytes.count)
        return record.bytes.count
    }

    func receiveRecord(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> ReceivedRecord {
        func nothing(_ count: Int) -> ReceivedRecord {
            ReceivedRecord(count: count, descriptor: nil, truncated: false, descriptorLost: false)
        }
        guard enter(), case .channel(let channel)? = objects[fd] else { return nothing(-Int(EAGAIN)) }
        guard let record = channel.receive() else {
            if channel.peerClosed { progress += 1 }
            return nothing(channel.peerClosed ? 0 : -Int(EAGAIN))
        }
        progress += 1
        world.note("record received", channel.id, record.bytes.count)
        unsafe buffer.copyBytes(from: record.bytes)
        var descriptor: Int32?
        var lost = false
        if let passed = record.passed {
            if trouble(.lostDescriptors, 15) {
                world.fault("descriptor lost", channel.id)
                lost = true
                if case .stream(let endpoint) = passed { endpoint.release() }
            } else {
                switch passed {
                case .stream(let endpoint): descriptor = insert(endpoint, .client)
                case .memory(let box): descriptor = box.take()
                }
            }
        }
        return ReceivedRecord(
            count: record.bytes.count, descriptor: descriptor, truncated: false, descriptorLost: lost)
    }
}
