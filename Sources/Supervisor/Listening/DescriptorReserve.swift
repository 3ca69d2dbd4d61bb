// SPDX-License-Identifier: Apache-2.0

import Shared

/// Descriptors kept for the moment at which this process has no others left: a worker must be replaceable even then.
final class DescriptorReserve {
    /// Enough to start one child: two ends of its channel, its panel, its pidfd, and what the C library needs meanwhile.
    static let forChild = 8

    private let count: Int
    private var held: [FileDescriptorBox] = []

    private final class FileDescriptorBox {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    init(count: Int = forChild) {
        self.count = count
        refill()
    }

    /// Whether it is whole.
    var isFull: Bool { held.count == count }

    /// Makes its descriptors free for use.
    func release() { held.removeAll() }

    /// Takes descriptors as long as there are any.
    func refill() {
        while held.count < count, let file = try? MemoryFile.sealed(name: "lychgate-reserve", bytes: []) {
            held.append(FileDescriptorBox(file))
        }
    }
}
