// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import Supervisor

@Suite struct CommandLineTests {
    @Test func commandsAreFound() throws {
        #expect(try Lychgate.parseAsRoot(["serve", "--config", "f"]) is ServeCommand)
        #expect(try Lychgate.parseAsRoot(["check", "-c", "f"]) is CheckCommand)
        #expect(try Lychgate.parseAsRoot(["status", "-o", "json"]) is StatusCommand)
        #expect(try Lychgate.parseAsRoot(["version"]) is VersionCommand)
    }

    @Test func demoPassesItsArgumentsOn() throws {
        let demo = try #require(try Lychgate.parseAsRoot(["demo", "--tour", "--port", "1"]) as? DemoCommand)
        #expect(demo.arguments == ["--tour", "--port", "1"])
    }

    @Test(arguments: [
        ["serve", "--config", "f", "--oidc-client-id", "x"], ["status", "--socket", "s", "--config", "f"],
        ["serve", "--unknown"], ["serve", "extra"], ["nothing"], ["status", "-o", "xml"],
    ])
    func usageErrors(arguments: [String]) {
        #expect(throws: (any Error).self) { try Lychgate.parseAsRoot(arguments) }
    }
}
