// SPDX-License-Identifier: Apache-2.0

import Shared

/// What the connections of one listener are for, ready for use.
final class ListenerService {
    let name: String
    let mode: ListenerConfiguration.Mode
    let identityFields: ListenerConfiguration.IdentityFields
    let audiences: [String]
    /// What whoever asks for a TokenReview must have; nil: anybody may ask.
    private(set) var callerToken: [UInt8]?
    private let trustedProxies: [AddressRange]
    private let callerTokenFile: String?

    /// An unusable caller's token, said without the token.
    struct BadToken: Error, CustomStringConvertible {
        let path: String
        var description: String {
            "\(path): it holds no bearer token of at least \(ListenerService.shortestToken) characters"
        }
    }

    static let shortestToken = 16

    init(_ configuration: ListenerConfiguration) {
        name = configuration.name
        mode = configuration.mode
        identityFields = configuration.identityFields
        audiences = configuration.audiences
        trustedProxies = configuration.trustedProxies.compactMap { AddressRange($0) }
        callerTokenFile = configuration.callerTokenFile
        // Until it was read nobody has it.
        callerToken = callerTokenFile == nil ? nil : []
    }

    func trusts(_ peer: SocketAddress) -> Bool {
        !trustedProxies.isEmpty && trustedProxies.contains { $0.contains(peer) }
    }

    var files: [String] { callerTokenFile.map { [$0] } ?? [] }

    /// Reads the files again. The token that was good stays in force if its successor is not.
    func load() throws {
        guard let callerTokenFile else { return }
        let token = try FileReader.read(callerTokenFile).filter { $0 != 0x0A && $0 != 0x0D }
        guard token.count >= Self.shortestToken, token.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw BadToken(path: callerTokenFile)
        }
        callerToken = token
    }

    /// Whether it is the caller's token; an empty one is nobody's. Takes as long for a wrong as for the right one.
    func isCallers(_ token: ByteView) -> Bool {
        guard let callerToken else { return true }
        guard !callerToken.isEmpty, token.count == callerToken.count else { return false }
        var difference: UInt8 = 0
        for index in 0..<token.count { difference |= token[index] ^ callerToken[index] }
        return difference == 0
    }
}
