// SPDX-License-Identifier: Apache-2.0

import Shared

/// The newest set of issuers' keys: a sealed file that the keyring made and every worker, now and later, receives.
struct KeyStore: ~Copyable {
    private var file: FileDescriptor?
    /// Never goes back, although a new keyring process counts from 1 again: it takes the keyring's number where that is
    /// higher. 0: no keys yet.
    private(set) var generation: UInt64 = 0

    init() {}

    /// What the program before this one had.
    init(_ file: consuming FileDescriptor, generation: UInt64) {
        self.file = consume file
        self.generation = generation
    }

    /// Takes a newer set in place of what there was. False: it could still be changed, or is empty or too large.
    mutating func replace(with file: consuming FileDescriptor, generation: UInt64) -> Bool {
        guard MemoryFile.isAcceptable(file) else { return false }
        self.generation = max(generation, self.generation &+ 1)
        self.file = consume file
        return true
    }

    /// To pass on; it stays here. nil: no keys yet.
    var raw: Int32? {
        switch file {
        case .some(let file): file.raw
        case .none: nil
        }
    }
}
