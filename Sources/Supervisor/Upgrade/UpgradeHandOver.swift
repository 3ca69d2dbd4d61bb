// SPDX-License-Identifier: Apache-2.0

import Shared

/// What one program of the supervisor leaves for the next, beside open descriptors: which of them are the state, the
/// program before, and the program itself. It goes by the environment, because the arguments stay what they were.
struct UpgradeHandOver: Equatable {
    private static let variable = "LYCHGATE_UPGRADE"
    private static let failureVariable = "LYCHGATE_UPGRADE_FAILURE"

    /// A sealed memory file with the `UpgradeState`.
    var state: Int32
    /// The program before, to go back to.
    var before: Int32
    var program: Int32
    /// Why the next program gave back what it was left; nil: this is the next one.
    var failure: String?

    /// What this program was left, once.
    static func take() -> UpgradeHandOver? {
        guard let text = ProcessEnvironment.value(variable) else { return nil }
        let failure = ProcessEnvironment.value(failureVariable)
        ProcessEnvironment.remove(variable)
        ProcessEnvironment.remove(failureVariable)
        return UpgradeHandOver(text, failure: failure)
    }

    init(state: Int32, before: Int32, program: Int32, failure: String? = nil) {
        self.state = state
        self.before = before
        self.program = program
        self.failure = failure
    }

    init?(_ text: String, failure: String?) {
        let numbers = text.split(separator: " ", omittingEmptySubsequences: false).map { Int32($0) }
        guard numbers.count == 3, let state = numbers[0], let before = numbers[1], let program = numbers[2],
            min(state, before, program) > 2
        else { return nil }
        self.init(state: state, before: before, program: program, failure: failure)
    }

    var text: String { "\(state) \(before) \(program)" }

    /// Becomes the program at descriptor `next`, which finds this; returns only when that failed. `kept`: descriptors
    /// that it is left besides.
    func leave(to next: Int32, named arguments: [String], keeping kept: [Int32]) -> Errno {
        let all = Set(kept + [state, before, program])
        do throws(Errno) {
            for raw in all { try FileDescriptor.setCloseOnExec(raw, false) }
        } catch {
            keep(all)
            return error
        }
        ProcessEnvironment.set(Self.variable, text)
        if let failure { ProcessEnvironment.set(Self.failureVariable, failure) }
        let error = ProcessImage.replace(
            path: "/proc/self/fd/\(next)", name: arguments.first, arguments: Array(arguments.dropFirst()))
        ProcessEnvironment.remove(Self.variable)
        ProcessEnvironment.remove(Self.failureVariable)
        keep(all)
        return error
    }

    /// They are ours again, and nobody else's.
    private func keep(_ descriptors: Set<Int32>) {
        for raw in descriptors { try? FileDescriptor.setCloseOnExec(raw, true) }
    }
}
