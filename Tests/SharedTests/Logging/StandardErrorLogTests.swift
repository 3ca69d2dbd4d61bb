// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import Testing

@testable import Shared

@Suite("Standard error log")
struct StandardErrorLogTests {
    @Test(arguments: [
        ("plain", "plain"), ("a/b:c-d_e.f", "a/b:c-d_e.f"), ("", "\"\""), ("two words", "\"two words\""),
        ("a=b", "\"a=b\""), ("say \"hi\"", "\"say \\\"hi\\\"\""), ("back\\slash", "\"back\\\\slash\""),
        ("line\nbreak\r", "\"line\\u{a}break\\u{d}\""), ("\u{1b}[31m", "\"\\u{1b}[31m\""), ("\0", "\"\\u{0}\""),
        ("\u{7f}\u{9b}", "\"\\u{7f}\\u{9b}\""), ("grüße", "\"grüße\""), ("\r\n", "\"\\u{d}\\u{a}\""),
    ])
    func quotes(value: String, expected: String) {
        #expect(StandardErrorLog.quoted(value) == expected)
    }

    /// In a process of its own, whose standard error is a socket of ours.
    @Test func oneLineForEachRecord() async {
        await #expect(processExitsWith: .success) {
            let (mine, theirs) = try Sockets.streamPair()
            try #require(dup2(theirs, 2) == 2)
            var log = Logger.standardError("test", level: .info, journal: true)
            log[metadataKey: "slot"] = "3"
            log.info("Started", metadata: ["b": "x y", "a": "1"])
            log.debug("Unheard")
            let plain = Logger.standardError("test", level: .debug, journal: false)
            plain.error("Failed", metadata: ["why": "no\nroom"])
            let text = String(decoding: Sockets.read(mine) ?? [], as: UTF8.self)
            #expect(text == "<6>Started a=1 b=\"x y\" slot=3\nerror Failed why=\"no\\u{a}room\"\n")
        }
    }

    @Test func aReaderThatDoesNotReadHoldsNobody() async {
        await #expect(processExitsWith: .success) {
            // The default of SIGALRM ends the process, should a write hold it.
            alarm(20)
            var pipe: [Int32] = [-1, -1]
            try #require(unsafe Glibc.pipe(&pipe) == 0)
            try #require(dup2(pipe[1], 2) == 2)
            let log = Logger.standardError("test", level: .info, journal: false)
            // More than a pipe holds (64 KiB); a blocking write would never come back.
            for _ in 0..<2_000 { log.info("Filling", metadata: ["with": "\(String(repeating: "x", count: 100))"]) }
            log.info("Long", metadata: ["with": "\(String(repeating: "x", count: 100_000))"])
            let lost = StandardStream.linesLost
            close(pipe[1])
            close(2)
            let text = try #require(Sockets.readToEnd(pipe[0]))
            #expect(text.count > 32_768)
            #expect(UInt64(text.split(separator: "\n").count) + lost == 2_001, "each line is written or counted")
            #expect(
                text.split(separator: "\n").allSatisfy { $0.hasPrefix("info Filling with=x") && $0.utf8.count == 118 })
        }
    }
}
