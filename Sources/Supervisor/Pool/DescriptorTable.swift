// SPDX-License-Identifier: Apache-2.0

import Shared

/// A fixed number of places that each own one descriptor or none: our copies of unclaimed connections.
final class DescriptorTable {
    private let kernel: any Kernel
    /// -1: empty.
    private var places: [Int32]

    init(capacity: Int, kernel: any Kernel) {
        self.kernel = kernel
        places = .init(repeating: -1, count: capacity)
    }

    deinit {
        for raw in places where raw >= 0 { kernel.close(raw, reset: false) }
    }

    func put(_ descriptor: consuming FileDescriptor, at place: Int) {
        precondition(places[place] < 0, "the place is taken")
        places[place] = descriptor.release()
    }

    /// Takes it out and closes it; `reset`: the client learns at once that nobody will answer.
    func close(_ place: Int, reset: Bool) {
        let raw = raw(at: place)
        places[place] = -1
        kernel.close(raw, reset: reset)
    }

    /// To pass it on or to look at it; it stays here.
    func raw(at place: Int) -> Int32 {
        precondition(places[place] >= 0, "the place is empty")
        return places[place]
    }

    var count: Int { places.count { $0 >= 0 } }
}
