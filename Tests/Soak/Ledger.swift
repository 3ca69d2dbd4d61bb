// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The soak's one file: what became of each request, written by the process that knows it and mapped by all. It outlives
/// a client that is killed, so that what that one had begun is still counted.
///
/// A request has four words: what it is (client), when its client left (client, or the conductor that killed it), when it
/// arrived at the upstream and when its work there ended (upstream). Times are CLOCK_MONOTONIC, in nanoseconds.
@safe final class Ledger {
    /// A word of the file's head.
    enum Head: Int {
        case requests
        /// 1: the upstream accepts nothing (written by the conductor).
        case upstreamStalls
        /// Written by the upstream.
        case upstreamOpen
        case upstreamAccepted
        case upstreamBlockedWrites
        case upstreamDeaths
    }

    struct Entry {
        var isBegun = false
        var isReached = false
        var isLeft = false
        /// The response ended, or the connection was lost, before the client left.
        var isOvertaken = false
        /// One of the held watches of a wave.
        var isHeld = false
        var state: RequestState?
        var way: Way?
        var leftAt: UInt64 = 0
        var arrivedAt: UInt64 = 0
        var goneAt: UInt64 = 0
    }

    private static let headWords = 64
    private static let entryWords = 4
    private let words: UnsafeMutablePointer<UInt64>
    let count: Int

    /// Makes the file, all zero.
    static func create(_ path: String, requests: Int) throws {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SoakError.system("open \(path)") }
        defer { close(descriptor) }
        guard ftruncate(descriptor, (headWords + entryWords * requests) * 8) == 0 else {
            throw SoakError.system("ftruncate \(path)")
        }
    }

    init(_ path: String) throws {
        let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw SoakError.system("open \(path)") }
        defer { close(descriptor) }
        let size = Int(lg_file_size(descriptor))
        guard size > 0, let address = unsafe lg_map_shared(descriptor, size, true) else {
            throw SoakError.system("mmap \(path)")
        }
        unsafe words = address.bindMemory(to: UInt64.self, capacity: size / 8)
        count = (size / 8 - Self.headWords) / Self.entryWords
    }

    // MARK: The head

    subscript(head: Head) -> UInt64 {
        get { unsafe lg_load(words + head.rawValue) }
        set { unsafe lg_store(words + head.rawValue, newValue) }
    }

    // MARK: Requests

    private func word(_ id: Int, _ index: Int) -> UnsafeMutablePointer<UInt64> {
        precondition(id >= 0 && id < count)
        return unsafe words + Self.headWords + id * Self.entryWords + index
    }

    func begin(_ id: Int, _ state: RequestState, held: Bool) {
        unsafe lg_store(word(id, 0), UInt64(state.rawValue) | 1 << 16 | (held ? 1 << 20 : 0))
    }

    private func mark(_ id: Int, _ bits: UInt64) {
        let word = unsafe word(id, 0)
        unsafe lg_store(word, lg_load(word) | bits)
    }

    func reached(_ id: Int) { mark(id, 1 << 17) }

    func left(_ id: Int, _ way: Way, at time: UInt64) {
        unsafe lg_store(word(id, 1), time)
        mark(id, 1 << 18 | UInt64(way.rawValue) << 8)
    }

    func overtaken(_ id: Int) { mark(id, 1 << 19) }

    func arrived(_ id: Int, at time: UInt64) {
        guard id < count else { return }
        unsafe lg_store(word(id, 3), 0)
        unsafe lg_store(word(id, 2), time)
    }

    func gone(_ id: Int, at time: UInt64) {
        guard id < count else { return }
        unsafe lg_store(word(id, 3), time)
    }

    subscript(id: Int) -> Entry {
        let first = unsafe lg_load(word(id, 0))
        return Entry(
            isBegun: first & 1 << 16 != 0, isReached: first & 1 << 17 != 0, isLeft: first & 1 << 18 != 0,
            isOvertaken: first & 1 << 19 != 0, isHeld: first & 1 << 20 != 0,
            state: RequestState(rawValue: UInt8(truncatingIfNeeded: first)),
            way: Way(rawValue: UInt8(truncatingIfNeeded: first >> 8)), leftAt: unsafe lg_load(word(id, 1)),
            arrivedAt: unsafe lg_load(word(id, 2)), goneAt: unsafe lg_load(word(id, 3)))
    }
}

enum SoakError: Error, CustomStringConvertible {
    case system(String)
    case usage(String)
    case failed(String)

    var description: String {
        switch self {
        case .system(let call): unsafe "\(call): \(String(cString: strerror(errno)))"
        case .usage(let text), .failed(let text): text
        }
    }
}
