// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// An expectation that may take a while. (Inside `#expect` itself, a closure that asks again and again has been seen to
/// be taken apart wrongly by the macro.)
func expectEventually(
    _ comment: @autoclosure () -> Comment? = nil, within limit: Duration,
    every pause: Duration = .milliseconds(5), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) rethrows {
    let holds = try eventually(within: limit, every: pause, condition)
    #expect(holds, comment(), sourceLocation: sourceLocation)
}

/// `eventually`, as a step of a set-up that must succeed.
func wait(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(10), _ condition: () throws -> Bool
) throws {
    guard try eventually(within: limit, condition) else { throw HarnessError.timedOut(waitingFor: what()) }
}
