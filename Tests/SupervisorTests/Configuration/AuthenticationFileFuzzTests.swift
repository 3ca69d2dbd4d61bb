// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared
import TestSupport
import Testing

@testable import Supervisor

/// Kubernetes' configuration file as YAML: whatever it is, it is refused with its place, or becomes JSON that a worker
/// can read.
@Suite("Fuzzing of configuration files")
struct AuthenticationFileFuzzTests {
    @Test func files() throws {
        var fuzzer = try MutationFuzzer("authentication-yaml")
        let outcome = try fuzzer.run { input in
            let text = String(decoding: input, as: UTF8.self)
            guard let file = try? AuthenticationFile.convert(text, path: "f", note: { _, _ in }) else { return }
            #expect(throws: Never.self, "\(text)") {
                try JSONSerialization.jsonObject(with: Data(file.document.utf8), options: .fragmentsAllowed)
            }
        }
        #expect(outcome.inputs > 0 && outcome.slowest < MutationFuzzer.longest)
    }
}
