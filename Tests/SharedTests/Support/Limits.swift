// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Changes the limits of the whole process: only for tests that run in one of their own.
enum Limits {
    /// Runs `body` while this process can open no further descriptor (EMFILE).
    static func withoutFreeDescriptors(_ body: () throws -> Void) throws {
        var before = rlimit()
        try #require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0)
        var lowered = rlimit(rlim_cur: 32, rlim_max: before.rlim_max)
        try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &lowered) == 0)
        var fillers: [Int32] = []
        defer {
            _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
            for filler in fillers { close(filler) }
        }
        // Taken up to the limit, and again: the test runner's own threads may still be closing what they started with.
        for _ in 0..<20 {
            while case let filler = fcntl(0, F_DUPFD_CLOEXEC, 0), filler >= 0 { fillers.append(filler) }
            usleep(2_000)
        }
        try body()
    }
}
