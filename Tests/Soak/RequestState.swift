// SPDX-License-Identifier: Apache-2.0

/// How far a request has come when its client leaves it.
enum RequestState: UInt8, CaseIterable {
    case tlsHandshake = 1
    /// Half of its head is sent.
    case head
    /// Its token is signed by a key that nobody knows yet.
    case authenticating
    /// All upstream connections are taken.
    case waitingForPool
    /// The upstream accepts no connection.
    case connecting
    case awaitingResponse
    case responseStreaming
    /// The client does not read what comes.
    case responseBackPressured
    /// Half of its body is sent.
    case requestBody
    case watch
    case tunnel

    /// What proves that it has come so far: something of the response.
    var needsResponse: Bool {
        switch self {
        case .responseStreaming, .responseBackPressured, .watch, .tunnel: true
        default: false
        }
    }
}

/// How a client leaves.
enum Way: UInt8, CaseIterable {
    case fin = 1
    case reset
    case tlsClose
    case streamReset
    /// SIGKILL of the whole client process.
    case killed
}

/// What the upstream does with a request: a letter in its target.
enum Behaviour: Character {
    /// Nothing.
    case stall = "s"
    /// Answers after a moment, while the client may be leaving.
    case race = "r"
    /// Resets after a moment, without an answer.
    case die = "d"
    /// A few bytes now and then.
    case trickle = "t"
    /// The same, and a reset in the middle.
    case trickleAndDie = "e"
    /// As much as is taken.
    case flood = "f"
    case watch = "w"
    case tunnel = "u"
    /// Reads the request's body, or does not, and never answers.
    case body = "b"
}

/// xorshift64*: the same seed, the same soak.
struct SoakRandom {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        for _ in 0..<4 { _ = next() }
    }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_f491_4f6c_dd1d
    }

    mutating func below(_ limit: Int) -> Int { Int((next() >> 11) % UInt64(limit)) }
    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}
