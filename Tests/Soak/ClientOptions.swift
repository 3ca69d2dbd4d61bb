// SPDX-License-Identifier: Apache-2.0

import Shared

/// What a client process is to do: `key=value` arguments.
struct ClientOptions {
    enum Transport: String {
        case plain
        case tls
        case http2
    }

    private let values: [String: String]

    init(_ arguments: some Sequence<String>) {
        var values: [String: String] = [:]
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        self.values = values
    }

    func text(_ key: String) throws -> String {
        guard let value = values[key] else { throw SoakError.usage("no \(key)=") }
        return value
    }

    func number(_ key: String) throws -> Int {
        guard let number = Int(try text(key)) else { throw SoakError.usage("\(key)= is no number") }
        return number
    }

    func transport() throws -> Transport {
        guard let transport = Transport(rawValue: try text("transport")) else { throw SoakError.usage("transport=") }
        return transport
    }

    func addresses() throws -> [SocketAddress] {
        try text("targets").split(separator: ",").map { text in
            guard let address = SocketAddress(String(text)) else { throw SoakError.usage("address \(text)") }
            return address
        }
    }

    /// The states that its requests are left in, each as often as it is named.
    func states() throws -> [RequestState] {
        try text("states").split(separator: ",").map { text in
            guard let state = UInt8(text).flatMap(RequestState.init) else { throw SoakError.usage("state \(text)") }
            return state
        }
    }
}
