// SPDX-License-Identifier: Apache-2.0

/// What a child says to the supervisor.
package enum ToSupervisor: ControlMessage {
    /// The first message: which protocol it speaks.
    case hello(version: UInt32)
    /// It can serve. A gateway worker's credits (workers.maxConnections) count from here.
    case ready
    /// It has read from these connections: the supervisor drops its copies.
    case claimed([UInt64])
    /// These connections are closed: their credits come back (and copies not yet claimed are dropped).
    case closed([UInt64])
    /// The sockets of these connections were lost on the way (descriptor limit): others may have them.
    case returned([UInt64])
    /// Nothing is left; it exits next.
    case drained
    /// From the keyring: a new set of keys; a sealed memory file comes along.
    case keys(generation: UInt64)
    /// A token named a key that the newest set does not hold. `issuer`: whose it would be, a place in the
    /// configuration; nil: any issuer's.
    case wantKeys(issuer: UInt16?)
    /// Something went wrong that the supervisor should count and log.
    case fault(Fault)

    package enum Fault: UInt16, Equatable, Sendable, CaseIterable {
        /// A descriptor was lost on the way (descriptor limit).
        case descriptorLost = 1
        /// The child cannot start with what it was given; it exits 78.
        case configuration = 2
        /// The upstream cannot be reached.
        case upstreamUnreachable = 3
        /// The supervisor broke the protocol.
        case protocolError = 4

        /// For people.
        package var explanation: String {
            switch self {
            case .descriptorLost: "its descriptor limit is too low"
            case .configuration: "it cannot work with this configuration"
            case .upstreamUnreachable: "the API server cannot be reached"
            case .protocolError: "it does not understand the supervisor"
            }
        }
    }

    package var carriesDescriptor: Bool {
        if case .keys = self { return true }
        return false
    }

    private enum Kind: UInt16 {
        case hello = 1
        case ready = 2
        case claimed = 3
        case closed = 4
        case drained = 5
        case keys = 6
        case wantKeys = 7
        case fault = 8
        case returned = 9
        case wantIssuer = 10
    }

    package func encode(into writer: inout RecordWriter) {
        switch self {
        case .hello(let version):
            writer.write(Kind.hello.rawValue)
            writer.write(version)
        case .ready:
            writer.write(Kind.ready.rawValue)
        case .claimed(let identifiers):
            writer.write(Kind.claimed.rawValue)
            Self.write(identifiers, into: &writer)
        case .closed(let identifiers):
            writer.write(Kind.closed.rawValue)
            Self.write(identifiers, into: &writer)
        case .returned(let identifiers):
            writer.write(Kind.returned.rawValue)
            Self.write(identifiers, into: &writer)
        case .drained:
            writer.write(Kind.drained.rawValue)
        case .keys(let generation):
            writer.write(Kind.keys.rawValue)
            writer.write(generation)
        case .wantKeys(nil):
            writer.write(Kind.wantKeys.rawValue)
        case .wantKeys(let issuer?):
            writer.write(Kind.wantIssuer.rawValue)
            writer.write(issuer)
        case .fault(let fault):
            writer.write(Kind.fault.rawValue)
            writer.write(fault.rawValue)
        }
    }

    package init(from reader: inout RecordReader) throws(RecordError) {
        let raw: UInt16 = try reader.read()
        guard let kind = Kind(rawValue: raw) else { throw .unknownKind(raw) }
        switch kind {
        case .hello: self = .hello(version: try reader.read())
        case .ready: self = .ready
        case .claimed: self = .claimed(try Self.readIdentifiers(from: &reader))
        case .closed: self = .closed(try Self.readIdentifiers(from: &reader))
        case .returned: self = .returned(try Self.readIdentifiers(from: &reader))
        case .drained: self = .drained
        case .keys: self = .keys(generation: try reader.read())
        case .wantKeys: self = .wantKeys(issuer: nil)
        case .wantIssuer: self = .wantKeys(issuer: try reader.readIssuer())
        case .fault:
            guard let fault = Fault(rawValue: try reader.read()) else { throw .badValue("fault") }
            self = .fault(fault)
        }
        try reader.finish()
    }

    private static func write(_ identifiers: [UInt64], into writer: inout RecordWriter) {
        precondition(identifiers.count <= ControlProtocol.maxBatch)
        writer.write(UInt16(identifiers.count))
        for identifier in identifiers { writer.write(identifier) }
    }

    private static func readIdentifiers(from reader: inout RecordReader) throws(RecordError) -> [UInt64] {
        let count: UInt16 = try reader.read()
        guard count > 0, count <= ControlProtocol.maxBatch, reader.remaining == Int(count) * 8 else {
            throw .badValue("identifiers")
        }
        var identifiers: [UInt64] = []
        identifiers.reserveCapacity(Int(count))
        for _ in 0..<count { identifiers.append(try reader.read()) }
        return identifiers
    }
}
