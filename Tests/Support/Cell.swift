// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A value that a script's closure and its owner share.
package final class Cell<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>

    package init(_ value: Value) {
        storage = Mutex(value)
    }

    package var value: Value {
        get { storage.withLock { $0 } }
        set { storage.withLock { $0 = newValue } }
    }

    package func update(_ change: @Sendable (inout Value) -> Void) {
        storage.withLock { change(&$0) }
    }
}
