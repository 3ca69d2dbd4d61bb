// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing

@testable import CEL

@Suite("CEL conformance")
struct ConformanceTests {
    static let cases: [ConformanceCase]? = {
        let folder =
            ProcessInfo.processInfo.environment["LYCHGATE_VECTORS"]
            ?? URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared/vectors").path
        guard let data = try? Data(contentsOf: URL(filePath: folder + "/cel-conformance.json")) else { return nil }
        return try? JSONDecoder().decode([ConformanceCase].self, from: data)
    }()

    static let missing: Comment = "cel-conformance.json is not at $LYCHGATE_VECTORS or ../shared/vectors: skipped"

    /// Left out, because the vector contradicts the specification: it expects a backslash out of a literal that has
    /// none (`b""" ? " ' ` """`; the same case of strings expects none). So it cannot occur in Kubernetes' use either.
    static let leftOut: Set<String> = ["parse/bytes_literals/triple_double_quoted_unescaped_punctuation"]

    /// What has its value only if the type checker is off (`disable_check` in the suite). Kubernetes always checks, and
    /// refuses these when the configuration is loaded; so do we, and that is asserted too.
    static func needsCheckingOff(_ test: ConformanceCase) -> Bool {
        switch test.id {
        case "basic/variables/unbound_is_runtime_error", "basic/functions/unbound_is_runtime_error",
            "comparisons/eq_literal/not_eq_list_length", "comparisons/eq_literal/eq_mixed_types",
            "comparisons/ne_literal/ne_mixed_types", "logic/conditional/mixed_type":
            true
        default: test.section == "receiver_function_names"
        }
    }

    /// What the vectors were written for: all libraries, lists and maps of mixed types.
    static func environment(for test: ConformanceCase, typeChecking: Bool) -> CELEnvironment {
        var options = CELEnvironment.Options()
        options.homogeneousLiterals = false
        options.quotedFields = true
        options.typeChecking = typeChecking
        return CELEnvironment(
            variables: test.bindings.mapValues { _ in .dyn }, libraries: Set(CELLibrary.allCases),
            container: test.container, options: options)
    }

    static func outcome(of test: ConformanceCase, typeChecking: Bool) -> Result<CELValue, CELError> {
        do throws(CELError) {
            let program = try environment(for: test, typeChecking: typeChecking).compile(test.expr)
            return .success(try program.evaluate(test.bindings.mapValues(\.value)))
        } catch {
            return .failure(error)
        }
    }

    static func compare(_ test: ConformanceCase, _ outcome: Result<CELValue, CELError>) {
        switch (test.value?.value, outcome) {
        case (let wanted?, .success(let value)): #expect(value == wanted, "\(test.id): \(test.expr)")
        case (nil, .failure): break
        case (let wanted, _): Issue.record("\(test.id): \(test.expr): wanted \(wanted as Any), got \(outcome)")
        }
    }

    @Test("each case has its outcome, type-checked as in Kubernetes", .enabled(if: cases != nil, missing))
    func checked() throws {
        for test in try #require(Self.cases) where !Self.leftOut.contains(test.id) {
            let outcome = Self.outcome(of: test, typeChecking: true)
            if Self.needsCheckingOff(test) {
                guard case .failure(.refused) = outcome else {
                    Issue.record("\(test.id): \(test.expr): wanted a refusal, got \(outcome)")
                    continue
                }
            } else {
                Self.compare(test, outcome)
            }
        }
    }

    @Test("each case has its outcome with the checker off", .enabled(if: cases != nil, missing))
    func unchecked() throws {
        for test in try #require(Self.cases) where !Self.leftOut.contains(test.id) {
            Self.compare(test, Self.outcome(of: test, typeChecking: false))
        }
    }
}
