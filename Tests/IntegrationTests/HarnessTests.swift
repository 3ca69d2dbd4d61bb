// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Integration {
    /// The harness against programs that are not ours, and against itself: its figures are worth what these tests are.
    @Suite(.timeLimit(.minutes(1)))
    struct HarnessTests {
        @Test("The client speaks TLS 1.2 and 1.3 with openssl s_server", arguments: TLSContext.Version.allCases)
        func openssl(version: TLSContext.Version) throws {
            let certificates = try Certificates.shared.get()
            let endpoint = try Endpoint.free()
            let server = try ChildProcess(
                Harness.executable("openssl"),
                [
                    "s_server", "-accept", "\(endpoint)", "-cert", certificates.certificate, "-key", certificates.key,
                    "-www", "-quiet",
                ], folder: TemporaryFolder())
            defer { server.signal(SIGKILL) }
            var client: RawClient?
            let reached = eventually(within: .seconds(5)) {
                client = try? RawClient.connect(to: endpoint, tls: certificates.client(version))
                return client != nil
            }
            #expect(reached, "\(server.errors)")
            let response = try #require(client).request("GET", "/")
            #expect(client?.wire.tlsVersion == version.rawValue)
            #expect(response.status == 200)
        }

        @Test("A certificate by another authority is refused")
        func otherAuthority() throws {
            let upstream = try ScriptedUpstream(tls: Certificates.shared.get().server(), StandardUpstream.serve)
            defer { upstream.stop() }
            let stranger = try Certificates()
            #expect(throws: HarnessError.self) {
                _ = try RawClient.connect(to: upstream.endpoint, tls: stranger.client())
            }
        }

        @Test("Sized, chunked, interim, HEAD and closed responses are read as they are", arguments: [true, false])
        func responses(tls: Bool) throws {
            let certificates = try Certificates.shared.get()
            let upstream = try ScriptedUpstream(tls: tls ? certificates.server() : nil, StandardUpstream.serve)
            defer { upstream.stop() }
            let client =
                try tls
                ? RawClient.connect(to: upstream.endpoint, tls: certificates.client())
                : RawClient.connect(to: upstream.endpoint)
            #expect(try client.request("POST", "/", body: "12345").text == "5")
            let chunked = try client.request("GET", "/chunks")
            #expect(chunked.text == "one,two,three")
            #expect(chunked.trailers.first?.value == "3")
            #expect(try client.request("GET", "/hints").interim.map(\.status) == [103])
            #expect(try client.request("HEAD", "/").body.isEmpty)
            #expect(try client.request("GET", "/empty").status == 204)
            #expect(try client.request("GET", "/unchanged").body.isEmpty)
            #expect(try client.request("GET", "/until-close").end == .closed)
            #expect(upstream.requests.count == 7)
        }

        enum Leaving: CaseIterable {
            case fin
            case reset
            case closeNotify
            case close
        }

        @Test("The upstream stamps its peer's end, however it comes", arguments: Leaving.allCases, [true, false])
        func stamps(leaving: Leaving, reads: Bool) throws {
            let certificates = try Certificates.shared.get()
            let upstream = try ScriptedUpstream(tls: certificates.server()) { connection in
                _ = try connection.readHead()
                if reads { connection.readUntilClose() } else { connection.waitForPeerClose(within: .seconds(1)) }
            }
            defer { upstream.stop() }
            let client = try RawClient.connect(to: upstream.endpoint, tls: certificates.client())
            client.send("GET", "/here")
            expectEventually(within: .seconds(2)) { upstream.requests.count == 1 }
            let left = ContinuousClock.now
            switch leaving {
            case .fin: client.wire.sendFIN()
            case .reset: client.wire.reset()
            case .closeNotify: client.wire.finishSending()
            case .close: client.wire.close()
            }
            let close = upstream.close(of: "/here", within: .seconds(3))
            if leaving == .closeNotify && !reads {
                #expect(close == nil, "close_notify is bytes like any others: it cannot be seen without reading")
                return
            }
            let seen = try #require(close)
            #expect((seen.at - left).milliseconds < 50)
            if reads {
                let expected: Wire.Received =
                    switch leaving {
                    case .fin: .truncated
                    case .reset: .reset
                    case .closeNotify, .close: .finished
                    }
                #expect(seen.how == expected)
            }
        }

        @Test("A client that vanishes leaves its peer's connection as it is")
        func vanishes() throws {
            let upstream = try ScriptedUpstream { connection in
                _ = try connection.readHead()
                connection.readUntilClose(within: .milliseconds(500))
            }
            defer { upstream.stop() }
            let client = try RawClient.connect(to: upstream.endpoint)
            client.send("GET", "/gone")
            expectEventually(within: .seconds(2)) { upstream.requests.count == 1 }
            guard client.wire.vanish() else { return }  // no CAP_NET_ADMIN here
            #expect(upstream.close(of: "/gone", within: .milliseconds(300)) == nil)
        }

        @Test("The kernel's view of both ends shows what was not read")
        func kernelView() throws {
            let upstream = try ScriptedUpstream { connection in connection.waitForPeerClose(within: .seconds(5)) }
            defer { upstream.stop() }
            let client = try RawClient.connect(to: upstream.endpoint)
            client.wire.write(String(repeating: "x", count: 1_000))
            expectEventually(within: .seconds(2)) { KernelSocket.pair(of: client.wire).far?.receiveQueue == 1_000 }
            #expect(KernelSocket.pair(of: client.wire).near?.sendQueue == 0)
            client.wire.close()
            expectEventually(within: .seconds(2)) { upstream.ledger.open == 0 }
        }

        @Test("A token verifies with the key of its issuer's set")
        func token() throws {
            let certificates = try Certificates.shared.get()
            let issuer = try TestIssuer(certificates)
            defer { issuer.stop() }
            let fetched = try ChildProcess.run(
                "curl", ["--silent", "--show-error", "--cacert", certificates.authority, issuer.url + "/keys"])
            #expect(fetched.output.contains("\"kid\":\"test-key\""), "\(fetched.errors)")
            let parts = try issuer.token(for: "alice").split(separator: ".")
            #expect(parts.count == 3 && parts[2].count == 342)
            issuer.set(.hangs)
            let hung = try ChildProcess.run(
                "curl",
                ["--silent", "--max-time", "1", "--cacert", certificates.authority, issuer.url + "/keys"])
            #expect(hung.exit == .code(28))
        }

        @Test("The pattern shows a byte that is out of place")
        func pattern() {
            let checker = Pattern.Checker()
            checker.take(Pattern.bytes(at: 0, count: 65_536))
            checker.take(Pattern.bytes(at: 65_536, count: 100))
            #expect(checker.matches(65_636))
            checker.take(Pattern.bytes(at: 65_637, count: 10))
            #expect(!checker.matches(65_646) && checker.firstDifference == 65_636)
        }

        @Test("A child starts with no signal blocked, whatever thread starts it")
        func childSignals() throws {
            let finished = try ChildProcess.run("grep", ["SigBlk", "/proc/self/status"])
            #expect(finished.output.hasSuffix("\t0000000000000000\n"), "\(finished.output)")
        }

        @Test("A child's end and its output are seen")
        func child() throws {
            let finished = try ChildProcess.run("sh", ["-c", "echo out; echo err >&2; exit 7"])
            #expect(finished.exit == .code(7) && finished.output == "out\n" && finished.errors == "err\n")
            let killed = try ChildProcess.run("sh", ["-c", "kill -9 $$"])
            #expect(killed.exit.bySignal && killed.exit.code == 9)
        }
    }
}
