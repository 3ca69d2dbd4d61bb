// SPDX-License-Identifier: Apache-2.0

import Shared

/// A fixed number of places that each own one descriptor or none: our copies of unclaimed connections.
final class DescriptorTable {
    /// -1: empty.
    private var places: [Int32]

    init(capacity: Int) {
        places = .init(repeating: -1, count: capacity)
    }

    deinit {
        for raw in places where raw >= 0 { _ = FileDescriptor(owning: raw) }
    }

    func put(_ descriptor: consuming FileDescriptor, at place: Int) {
        precondition(places[place] < 0, "the place is taken")
        places[place] = descriptor.release()
    }

    /// Takes it out; the caller owns it.
    func take(_ place: Int) -> FileDescriptor {
        let raw = places[place]
        precondition(raw >= 0, "the place is empty")
        places[place] = -1
        return FileDescriptor(owning: raw)
    }

    /// To pass it on; it stays here.
    func raw(at place: Int) -> Int32 {
        precondition(places[place] >= 0, "the place is empty")
        return places[place]
    }

    var count: Int { places.count { $0 >= 0 } }
}
