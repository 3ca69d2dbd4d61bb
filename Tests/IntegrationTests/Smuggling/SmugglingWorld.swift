// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A gateway between a client that writes any bytes it likes and an upstream that keeps all that it is sent.
struct SmugglingWorld {
    let world: World
    let recorder: ByteRecorder
    /// What the gateway adds to every request of alice's to the host `gw`, without the UUID.
    let block: String

    static func run(_ body: (SmugglingWorld) throws -> Void) throws {
        let recorder = ByteRecorder()
        try World.run(upstreamTLS: false, script: recorder.serve) { world in
            let client = try world.gateway.connect()
            let plain = "GET /baseline HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer \(world.token)\r\n\r\n"
            client.wire.write(plain)
            _ = try client.reader.readResponse(by: .after(.seconds(10)))
            client.wire.close()
            let seen = normalized(recorder.messages.last ?? "")
            let impersonation = seen.components(separatedBy: "\r\n").filter { $0.hasPrefix("Impersonate-") }
            #expect(impersonation.prefix(2) == ["Impersonate-User: alice", "Impersonate-Group: developers"])
            let block =
                impersonation.map { $0 + "\r\n" }.joined()
                    + """
                    X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n\
                    Forwarded: for=127.0.0.1;proto=https;host="gw"\r\nX-Forwarded-Host: gw\r\nAudit-Id: UUID\r\n
                    """
            #expect(seen == "GET /baseline HTTP/1.1\r\nHost: \(world.upstream.endpoint)\r\n\(block)\r\n")
            try body(SmugglingWorld(world: world, recorder: recorder, block: block))
        }
    }

    /// With UUIDs, which are random, replaced.
    static func normalized(_ message: String) -> String {
        message.replacing(/Audit-Id: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\r\n/) { _ in
            "Audit-Id: UUID\r\n"
        }
    }

    /// What the client gets, as far as it tells one outcome from another.
    struct Outcome: Equatable {
        /// The answers' statuses, in their order.
        var statuses: [Int] = []
        /// The gateway closed the connection; nil: it has said nothing more and leaves it open.
        var isClosed = false
    }

    /// Sends the bytes and reads answers until the gateway closes, or until as many have come as are waited for.
    func exchange(_ bytes: [UInt8], answers wanted: Int, method: String = "GET") throws -> (RawClient, Outcome) {
        let client = try world.gateway.connect()
        client.wire.write(bytes, by: .after(.seconds(10)))
        var outcome = Outcome()
        while outcome.statuses.count < wanted {
            do throws(ConnectionEnded) {
                let response = try client.reader.readResponse(to: method, by: .after(.seconds(5)))
                outcome.statuses.append(response.status)
            } catch {
                outcome.isClosed = error.how == .finished
                break
            }
        }
        return (client, outcome)
    }

    /// Whether the gateway has closed the connection, or does so presently.
    static func closes(_ client: RawClient) -> Bool {
        client.drain(by: .after(.seconds(4))) == .finished
    }
}
