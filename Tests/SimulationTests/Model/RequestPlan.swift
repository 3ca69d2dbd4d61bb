// SPDX-License-Identifier: Apache-2.0

import Shared

/// One request as a client will send it, what must become of it, and what has become of it so far.
final class RequestPlan {
    enum Fate: Equatable {
        /// The API server gets it, as this user.
        case forwarded(user: String, groups: [String])
        /// The gateway answers for itself with one of these, and nothing reaches the API server.
        case refused([Int])
    }

    enum Body: Equatable {
        case none
        case length
        case chunked
    }

    let id: Int
    let method: String
    let target: String
    let isLongRunning: Bool
    let minorVersion: Int
    let fate: Fate
    let bodyKind: Body
    let body: [UInt8]
    /// The body as sent breaks HTTP's rules, so that it must never come to its end.
    let bodyIsBroken: Bool
    let expectsContinue: Bool
    let closes: Bool
    /// Head and body as they are sent, by HTTP/1.
    let wire: [UInt8]
    /// The fields as they are sent by HTTP/2.
    let fields: [(name: String, value: String)]
    let response: ResponsePlan
    /// What is to go through, if it asks for a tunnel.
    let tunnel: TunnelPlan?

    // What has become of it.
    /// All of its bytes were handed to the client's kernel.
    var isSent = false
    var sightings = 0
    /// When its first bytes went out.
    var begunAt = Instant.never
    /// The gateway's end of the connection that it came on last.
    weak var carrier: Endpoint?

    /// Whether the gateway may answer so for itself.
    func allows(_ status: Int, _ scenario: Scenario) -> Bool {
        if case .refused(let list) = fate, list.contains(status) { return true }
        guard !scenario.troubles.isEmpty else { return false }
        if status == 400 { return bodyIsBroken }
        // A key that came too late.
        if status == 401, case .forwarded(let user, _) = fate {
            return user == "lena" || scenario.has(.keysRotate) || scenario.has(.providerDown)
        }
        return [408, 502, 503, 504].contains(status)
    }

    /// Whether a drain, or its token's end after a jump of the clock, may have ended that watch behind so many bytes:
    /// between two lines.
    func mayBeDrained(behind count: Int, in world: World) -> Bool {
        let replaced: [Trouble] = [.reloads, .recycles, .memoryGrows, .clockJumps]
        let causes = world.hasDrains || world.hasDeaths || replaced.contains(where: world.scenario.has)
        guard isLongRunning, tunnel == nil, response.status == 200, causes else { return false }
        return count == 0 || response.body[count - 1] == 0x0A
    }

    /// A final answer's head has come; `marks`: what names the request that the API server has answered.
    func checkAnswer(_ status: Int, isUpstreams: Bool, marks: [String], in world: World) {
        if isUpstreams {
            world.check(status == response.status, "request \(id): \(response.status) became \(status)")
            world.check(sightings > 0, "request \(id): an answer to what the API server never got")
        } else {
            world.check(marks.isEmpty, "request \(id): somebody else's answer")
            world.check(allows(status, world.scenario), "request \(id): the gateway answers \(status), \(fate)")
        }
    }

    /// The API server's answer has ended properly for the client, behind so many bytes of its body.
    func checkEnd(behind count: Int, in world: World) {
        world.check(
            response.isWhole && count == response.body.count || mayBeDrained(behind: count, in: world),
            "request \(id): an answer that is not whole ends as if it were")
    }

    /// It can be sent twice without harm.
    var mayRepeat: Bool {
        tunnel == nil && body.isEmpty && bodyKind != .chunked && method != "POST" && method != "PATCH"
    }

    /// `http2`: without what only HTTP/1 can say.
    init(id: Int, scenario: Scenario, http2: Bool = false, random: inout Random) {
        self.id = id
        var method = random.pick(["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        let tunnels = scenario.hasTunnels && !http2 && random.chance(40)
        let tunnel = tunnels ? TunnelPlan(id: id, scenario: scenario, random: &random) : nil
        self.tunnel = tunnel
        if tunnels { method = random.pick(["GET", "POST"]) }
        let watches = method == "GET" && !tunnels && random.chance(20)
        isLongRunning = watches || tunnels
        target =
            "/api/v1/namespaces/ns/"
            + (tunnels
                ? "pods/p/exec?command=c&id=\(id)"
                : watches ? "configmaps?watch=true&id=\(id)" : "configmaps/c\(id)?pretty=\(id)")
        minorVersion = random.chance(8) && !http2 && !tunnels ? 0 : 1
        if !tunnels, scenario.has(.foreignIdentity), random.chance(10) { method = "OPTIONS" }
        self.method = method
        let hasBody = !tunnels && (method == "POST" || method == "PUT" || method == "PATCH")
        let chunked = minorVersion == 1 && random.chance(40)
        let body = hasBody ? Pattern.bytes(id, count: Self.size(&random)) : []
        self.body = body
        bodyKind = hasBody ? (chunked && !(http2 && body.isEmpty) ? .chunked : .length) : .none
        bodyIsBroken = !http2 && bodyKind == .chunked && scenario.has(.malformedBodies) && random.chance(40)
        expectsContinue = !http2 && bodyKind != .none && minorVersion == 1 && !body.isEmpty && random.chance(15)
        closes = http2 || tunnels ? false : minorVersion == 0 ? random.chance(50) : random.chance(12)
        var credential = Credential(scenario: scenario, random: &random)
        var lines = Self.ordinaryFields(id)
        if scenario.has(.foreignIdentity), random.chance(40) {
            let spoof = random.pick(Self.spoofs)
            lines.append(spoof)
            // Who asks is looked at first, and his key may come too late, or be gone.
            if spoof.hasPrefix("Impersonate-"), case .forwarded(let user, _) = credential.fate {
                let mayLackKey = user == "lena" || scenario.has(.keysRotate) || scenario.has(.providerDown)
                credential.fate = .refused(mayLackKey ? [403, 401] : [403])
            }
        }
        if let token = credential.token { lines.append("Authorization: Bearer \(token)") }
        if bodyKind == .length { lines.append("Content-Length: \(body.count)") }
        fields = WireHead([""] + lines).all.filter { $0.name != "host" }
        if bodyKind == .chunked { lines.append("Transfer-Encoding: chunked") }
        if expectsContinue { lines.append("Expect: 100-continue") }
        if minorVersion == 0, !closes { lines.append("Connection: keep-alive") }
        if minorVersion == 1, closes { lines.append("Connection: close") }
        if let tunnel { lines += ["Connection: Upgrade", "Upgrade: \(tunnel.name)"] }
        if scenario.has(.malformedHeads), random.chance(25), !http2 {
            lines.append(random.pick(Self.malformations))
            credential.fate = .refused([400, 431, 417, 501])
        }
        // The order of the fields does not matter.
        for index in lines.indices.dropLast() { lines.swapAt(index, random.within(index...lines.count - 1)) }
        fate = credential.fate
        let head = "\(method) \(target) HTTP/1.\(minorVersion)\r\n" + lines.joined(separator: "\r\n") + "\r\n\r\n"
        wire =
            Array(head.utf8) + Self.encode(body, bodyKind, broken: bodyIsBroken, &random)
            + (tunnel.map { $0.client.bytes.prefix($0.early) } ?? [])
        response = ResponsePlan(
            id: id, scenario: scenario, method: method, watches: watches, bodySize: body.count, random: &random)
    }

    private static func ordinaryFields(_ id: Int) -> [String] {
        ["Host: gateway.example", "X-Sim: \(id)", "Accept: */*", "X-Keep: kept \(id)"]
    }

    /// What a client could say to be taken for somebody else.
    private static let spoofs = [
        "Impersonate-User: root", "Impersonate-Group: system:masters", "X-Remote-User: root",
        "X-Forwarded-For: 10.9.9.9", "Forwarded: for=10.9.9.9", "X-Remote-Group: system:masters",
        "Proxy-Authorization: Basic eDp5", "Impersonate-Extra-scopes: all",
    ]

    private static let malformations = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: +5", "X-Folded: a\r\n b", "X-Space : b", "X-Bare: a\rb", "X-Zero: a\0b",
        "Transfer-Encoding: gzip, chunked", "Impersonate_User: root", "Host: other.example",
        "Connection: authorization", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", ": nameless",
    ]

    private static func size(_ random: inout Random) -> Int {
        switch random.below(10) {
        case 0: 0
        case 1...5: random.within(1...300)
        case 6...8: random.within(300...6_000)
        default: random.within(6_000...40_000)
        }
    }

    static func encode(_ body: [UInt8], _ kind: Body, broken: Bool, _ random: inout Random) -> [UInt8] {
        guard kind == .chunked else { return body }
        var wire: [UInt8] = []
        var offset = 0
        while offset < body.count {
            let size = min(body.count - offset, random.pick([1, 13, 700, 5_000]))
            let extensionText = random.chance(10) ? ";a=b" : ""
            wire += Array((String(size, radix: 16) + extensionText + "\r\n").utf8)
            wire += body[offset..<offset + size]
            wire += [13, 10]
            offset += size
        }
        if broken {
            let error = random.pick(["zz\r\n", "-1\r\n", "5\nabcde\r\n0\r\n\r\n", "fffffffffffffffffff\r\n", "1 x\r\n"])
            return wire + Array(error.utf8)
        }
        return wire + Array("0\r\n\r\n".utf8)
    }
}

/// Which token a request carries, and what that leads to.
private struct Credential {
    var token: String?
    var fate: RequestPlan.Fate

    init(scenario: Scenario, random: inout Random) {
        if scenario.has(.badTokens), random.chance(35) {
            token = random.pick([Tokens.expired, Tokens.audience, Tokens.forged, nil, "nonsense", Tokens.unknown])
            // An unknown key is waited for until the identity's deadline.
            fate = .refused(token == Tokens.unknown ? [401, 504] : [401])
        } else if scenario.has(.lateKeys), random.chance(40) {
            token = Tokens.lena
            fate = .forwarded(user: "lena", groups: ["late"])
        } else if random.chance(50) {
            token = Tokens.jane
            fate = .forwarded(user: "jane", groups: ["dev", "ops"])
        } else {
            token = Tokens.omar
            fate = .forwarded(user: "omar", groups: [])
        }
    }
}
