// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Supervisor

@Suite struct ControlReplyTests {
    @Test func anErrorOrNothingIsNoAnswer() throws {
        let answer = Array(#"{"requests":[],"total":0}"#.utf8)
        #expect(try ControlReply.check(answer) == answer)
        for (line, said) in [
            ("", "closed the connection"), (#"{"error":"no such \"thing\""}"#, "no such \"thing\""),
            (#"{"requests":[{"id":"0.1/"#, "before its end"), ("null", "before its end"),
        ] {
            let failure = #expect(throws: CommandFailure.self) { try ControlReply.check(Array(line.utf8)) }
            #expect(failure?.description.contains(said) ?? false, "\(line)")
        }
        #expect(ControlReply.failure(answer) == nil)
    }

    @Test(arguments: [
        (Errno.permissionDenied, "be root or in group lychgate"), (.notPermitted, "be root or in group lychgate"),
        (.notFound, "is it running?"), (.connectionRefused, "is it running?"), (.timedOut, "none came in time"),
    ])
    func whatToDo(error: Errno, said: String) {
        #expect(ControlReply.explain(error).contains(said))
        #expect(said.hasPrefix("is it") == ControlReply.explain(error).contains("is it running?"))
    }
}
