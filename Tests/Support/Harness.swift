// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What the test process needs once, and its threads.
package enum Harness {
    private static let prepared: Void = {
        // OpenSSL writes with write(2): a peer that is gone must be an error, not the end of the tests.
        _ = signal(SIGPIPE, SIG_IGN)
        var limit = rlimit()
        _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }()

    /// Ignores SIGPIPE and raises the limit of descriptors. Called by everything that opens a connection or starts a child.
    package static func prepare() {
        prepared
    }

    /// A thread with a small stack: there may be thousands.
    static func thread(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.stackSize = 256 * 1_024
        thread.start()
    }

    /// Runs the body `count` times at once, and waits for all.
    package static func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let group = DispatchGroup()
        for index in 0..<count {
            group.enter()
            thread {
                body(index)
                group.leave()
            }
        }
        group.wait()
    }

    /// Runs the body on a thread of its own; the returned closure waits for its value.
    package static func inBackground<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> () -> Value {
        let box = Box<Value>()
        let done = DispatchSemaphore(value: 0)
        thread {
            box.value = body()
            done.signal()
        }
        return {
            done.wait()
            guard let value = box.value else { preconditionFailure("a background body ended without a value") }
            return value
        }
    }

    /// Written once by one thread before the semaphore, read after it.
    private final class Box<Value: Sendable>: @unchecked Sendable {
        var value: Value?
    }
}
