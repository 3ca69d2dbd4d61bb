// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Logging
import Shared
import Testing

@testable import Supervisor

@Suite struct ControlAccessPolicyTests {
    @Test(arguments: [(0, false, true), (7, false, true), (8, false, false), (8, true, true)])
    func rootOwnUserAndGroup(user: UInt32, sharesGroup: Bool, allowed: Bool) {
        let peer = LocalPeer(user: user, group: 99, pid: 1, sharesGroup: sharesGroup)
        #expect(ControlAccessPolicy.allows(peer, ownUser: 7) == allowed)
    }
}

@Suite struct ControlSocketTests {
    private final class Responder: ControlResponder {
        func answer(to request: ControlRequest) -> [UInt8]? {
            request.command == "ping" ? Array("{\"pong\":true}\n".utf8) : nil
        }

        var waiting: [ControlClient.Name] = []

        func takeOn(_ request: ControlRequest, for client: ControlClient.Name) -> Duration? {
            guard request.command == "work" else { return nil }
            waiting.append(client)
            return .seconds(60)
        }
    }

    private let path = "/tmp/lychgate-test-\(UInt64.random(in: 0 ..< .max))/control.sock"
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Sends `request` and turns the loop until so many lines have come back.
    private func exchange(_ request: String, lines: Int) throws -> [String] {
        let reactor = Reactor(kernel: try LinuxKernel())
        let responder = Responder()
        let socket = try ControlSocket(path: path, reactor: reactor, responder: responder, log: log)
        defer { socket.close() }
        let deadline = Instant.now + .seconds(5)
        let client = try UnixConnection(path: path, deadline: deadline)
        try client.send(Array(request.utf8))
        for _ in 0..<8 { reactor.turn(maxWait: .milliseconds(20)) }
        var answers: [String] = []
        for _ in 0..<lines { answers.append(String(decoding: try client.readLine(limit: 4_096), as: UTF8.self)) }
        return answers
    }

    @Test func answersAndSaysWhatItDoesNotUnderstand() throws {
        #expect(try exchange("{\"command\":\"ping\"}\n", lines: 1) == ["{\"pong\":true}"])
        #expect(try exchange("{\"command\":\"x\"}\n", lines: 1) == ["{\"error\":\"unknown command x\"}"])
        #expect(
            try exchange("nonsense\n", lines: 1) == ["{\"error\":\"not a JSON object with a command\"}"])
    }

    @Test func anAnswerMayComeLaterAndItsClientMayHaveLeft() throws {
        let reactor = Reactor(kernel: try LinuxKernel())
        let responder = Responder()
        let socket = try ControlSocket(path: path, reactor: reactor, responder: responder, log: log)
        defer { socket.close() }
        let turn = { for _ in 0..<8 { reactor.turn(maxWait: .milliseconds(10)) } }
        let deadline = Instant.now + .seconds(5)
        let ask = { () throws(Errno) in
            let client = try UnixConnection(path: path, deadline: deadline)
            try client.send(Array("{\"command\":\"work\"}\n{\"command\":\"ping\"}\n".utf8))
            turn()
        }
        // Gone before its answer; its place has another client then.
        try ask()
        turn()
        let stays = try UnixConnection(path: path, deadline: deadline)
        try stays.send(Array("{\"command\":\"work\"}\n{\"command\":\"ping\"}\n".utf8))
        turn()
        #expect(responder.waiting.count == 2)
        for client in responder.waiting { socket.answer(client, Array("{\"done\":\(client.number)}\n".utf8)) }
        turn()
        #expect(String(decoding: try stays.readLine(limit: 100), as: UTF8.self) == "{\"done\":2}")
    }

    @Test func aSocketThatIsServedIsNotTaken() throws {
        let reactor = Reactor(kernel: try LinuxKernel())
        let responder = Responder()
        let socket = try ControlSocket(path: path, reactor: reactor, responder: responder, log: log)
        defer { socket.close() }
        #expect(throws: StartFailure.self) {
            try ControlSocket(path: path, reactor: reactor, responder: responder, log: log)
        }
    }

    @Test func aSocketLeftBehindIsReplacedAndAFileIsNot() throws {
        let reactor = Reactor(kernel: try LinuxKernel())
        let responder = Responder()
        try FileSystem.makeFolder(String(path.dropLast("/control.sock".count)), mode: 0o700)
        do {
            // Closed without being removed, as by SIGKILL.
            _ = try ListeningSocket(bindingPath: path)
        }
        let socket = try ControlSocket(path: path, reactor: reactor, responder: responder, log: log)
        socket.close()
        try Data("precious".utf8).write(to: URL(filePath: path))
        #expect(throws: StartFailure.self) {
            try ControlSocket(path: path, reactor: reactor, responder: responder, log: log)
        }
        #expect(try SmallFile.read(path) == "precious")
        try FileSystem.unlink(path)
    }
}

@Suite struct SupervisorStatusTests {
    @Test func theAnswersMembersAreTheDocumentedOnes() throws {
        let worker = SupervisorStatus.Worker(
            slot: 0, generation: 1, pid: 3, state: "ready", connections: 1, inFlight: 2, upstreamConnections: 3,
            upstreamIdle: 4, orphans: 5, exchangesOpened: 6, exchangesEnded: 7, cancelled: 8,
            orphanMilliseconds: .init(count: 9, max: 1.5), rssAnonBytes: 10, descriptors: 11)
        let line = ControlAnswer.line(worker)
        #expect(
            String(decoding: line, as: UTF8.self) == """
                {"cancelled":8,"connections":1,"descriptors":11,"exchangesEnded":7,"exchangesOpened":6,"generation":1,\
                "inFlight":2,"orphanMilliseconds":{"count":9,"max":1.5},"orphans":5,"pid":3,"rssAnonBytes":10,"slot":0,\
                "state":"ready","upstreamConnections":3,"upstreamIdle":4}

                """)
    }

    @Test func rssAnonIsReadFromProc() {
        let found: [UInt64?] = [
            "Name:\tx\nRssAnon:\t    2048 kB\nRssFile:\t 1 kB\n", "Name:\tx\nVmRssAnon:\t1 kB\nRssAnon:\t3",
            "Name:\tx\n", "Name:\tx\nRssAnon:", "Name:\tx\nRssAnon:\tmany kB\n",
            "Name:\tx\nRssAnon:\t99999999999999999999 kB\n",
        ].map { ProcessFigures.rssAnonBytes(status: Array($0.utf8).span) }
        #expect(found == [2_097_152, 3_072, nil, nil, nil, nil])
        #expect((ProcessFigures.rssAnonBytes(pid: ProcessFigures.ownPid) ?? 0) > 0)
    }
}
