// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// An API server that agrees to every upgrade with its own protocol, and then does what the target's first component says
/// with the raw bytes.
enum TunnelUpstream {
    /// What `/source/N` sends.
    static let flood = 64 << 20

    static let serve: ScriptedUpstream.Script = { connection in
        while true {
            let head = try connection.readHead()
            let kind = head.target.split(separator: "/").first ?? ""
            switch kind {
            case "refuse": connection.answer("403 Forbidden", fields: ["X-Why: not today"], body: "no exec here")
            case "plain": connection.answer(body: "ok")
            case "wrong": connection.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")
            // The right protocol, in a field that `Connection` does not name.
            case "unnamed": connection.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\n\r\n")
            default:
                if kind == "late" { sleep(for: .milliseconds(300)) }
                connection.write(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: \(head["upgrade"] ?? "none")\r\n"
                        + "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n")
                return try tunnel(kind, connection)
            }
        }
    }

    private static func tunnel(_ kind: Substring, _ connection: ScriptedConnection) throws {
        switch kind {
        case "echo", "late":
            do throws(ConnectionEnded) {
                while true {
                    connection.wire.write(
                        Array(try connection.reader.readSome(by: .after(.seconds(60)))), by: .after(.seconds(60)))
                }
            } catch {
                guard error.how == .finished else { return connection.noteClose(error.how) }
                connection.mark("finished")
                connection.write("the last word")
                connection.wire.finishSending()
            }
        case "first":
            connection.write("hello")
            connection.wire.finishSending()
            var count = 0
            do throws(ConnectionEnded) {
                while true { count += try connection.reader.readSome(by: .after(.seconds(60))).count }
            } catch {
                if error.how == .finished { connection.mark("finished after \(count)") }
            }
        case "source":
            var offset = 0
            while offset < flood {
                let piece = Array(Pattern.bytes(at: offset, count: 65_536))
                var sent = connection.wire.write(piece, by: .after(.milliseconds(300)))
                if case .timedOut(let after) = sent {
                    connection.mark("blocked")
                    sent = connection.wire.write(Array(piece[after...]), by: .after(.seconds(60)))
                }
                guard sent == .all else { return }
                offset += piece.count
            }
            connection.wire.finishSending()
            connection.readUntilClose()
        case "plug":
            connection.mark("open")
            connection.waitForPeerClose()
        case "resets", "vanishes":
            connection.write("hello")
            sleep(for: .milliseconds(200))
            connection.mark("leaves")
            kind == "resets" ? connection.wire.reset() : connection.wire.closeAbruptly()
        default: connection.readUntilClose()
        }
    }
}

extension RawClient {
    /// Asks for a tunnel; `early` follows the head at once.
    func ask(
        for target: String, token: String?, upgrade: String = "SPDY/3.1", fields: [String] = [], early: [UInt8] = []
    ) {
        var head = "POST \(target) HTTP/1.1\r\nHost: gateway.test\r\nConnection: Upgrade\r\nUpgrade: \(upgrade)\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        for field in fields { head += field + "\r\n" }
        wire.write(Array((head + "\r\n").utf8) + early, by: .after(.seconds(10)))
    }

    /// Asks, and reads the 101.
    func openTunnel(_ target: String, in world: World, upgrade: String = "SPDY/3.1") throws -> HTTPHead {
        ask(for: target, token: world.token, upgrade: upgrade, fields: ["X-Stream-Protocol-Version: v4.channel.k8s.io"])
        let head = try reader.readHead(by: .after(.seconds(10)))
        guard head.status == 101 else { throw HarnessError.unexpected(head.startLine) }
        return head
    }

    /// Everything up to the connection's end, and how that came.
    func readToEnd(within limit: Duration = .seconds(20)) -> (bytes: [UInt8], how: Wire.Received) {
        var bytes: [UInt8] = []
        let deadline = Deadline.after(limit)
        while true {
            do throws(ConnectionEnded) {
                bytes += try reader.readSome(by: deadline)
            } catch {
                return (bytes, error.how)
            }
        }
    }
}
