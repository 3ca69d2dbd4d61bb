// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Shared

@Suite("Control messages")
struct ControlMessageTests {
    static let peer = SocketAddress(
        family: .ipv6, port: 65_535, high: 0x2001_0db8_0000_0001, low: 0xfedc_ba98_7654_3210, scope: 7)

    static let toWorker: [ToWorker] = [
        .connection(id: .max, listener: 3, peer: peer), .connection(id: 1, listener: 0, peer: .unspecified),
        .connection(id: 2, listener: .max, peer: .unix), .keys(generation: 0x0102_0304_0506_0708),
        .refreshKeys(issuer: nil), .refreshKeys(issuer: 0), .refreshKeys(issuer: 63),
        .credentialsChanged, .drain(deadline: .never), .drain(deadline: Instant(nanoseconds: 5)),
        .cancel(exchange: 77), .stop, .panel(PanelOwner(role: .gateway, slot: 3, generation: .max)),
        .panel(PanelOwner(role: .retired)), .panelGone(PanelOwner(role: .admin, slot: .max, generation: 1)),
    ]

    static let toSupervisor: [ToSupervisor] =
        [
            .hello(version: 1), .ready, .claimed([1]), .claimed((0..<64).map { $0 << 32 }), .closed([.max, 0]),
            .drained,
            .keys(generation: 9), .wantKeys(issuer: nil), .wantKeys(issuer: 0), .wantKeys(issuer: 63),
        ] + ToSupervisor.Fault.allCases.map { .fault($0) }

    private func encode(_ message: some ControlMessage) -> [UInt8] {
        var writer = RecordWriter()
        message.encode(into: &writer)
        return writer.bytes
    }

    private func decode<Message: ControlMessage>(_ bytes: [UInt8], as: Message.Type) throws(RecordError) -> Message {
        // A slice that does not start at 0, as a record in a larger buffer may.
        let padded = [0xff] + bytes + [0xff]
        var reader = RecordReader(padded[1..<padded.count - 1])
        return try Message(from: &reader)
    }

    private func check<Message: ControlMessage>(_ message: Message) throws {
        let bytes = encode(message)
        #expect(bytes.count <= ControlProtocol.maxRecord)
        #expect(try decode(bytes, as: Message.self) == message)
        for length in 0..<bytes.count {
            #expect(throws: RecordError.self) { try decode(Array(bytes[0..<length]), as: Message.self) }
        }
        for byte: UInt8 in [0, 1, 0xff] {
            #expect(throws: RecordError.self) { try decode(bytes + [byte], as: Message.self) }
        }
    }

    @Test(arguments: toWorker)
    func toWorkerRoundTripAndNothingElse(message: ToWorker) throws { try check(message) }

    @Test(arguments: toSupervisor)
    func toSupervisorRoundTripAndNothingElse(message: ToSupervisor) throws { try check(message) }

    @Test func layoutIsLittleEndian() {
        #expect(encode(ToWorker.cancel(exchange: 0x0102)) == [6, 0, 2, 1, 0, 0, 0, 0, 0, 0])
        #expect(encode(ToSupervisor.hello(version: 1)) == [1, 0, 1, 0, 0, 0])
        #expect(encode(ToSupervisor.closed([3])) == [4, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func onlyTheseCarryADescriptor() {
        for message in Self.toWorker {
            switch message {
            case .connection, .keys, .panel: #expect(message.carriesDescriptor)
            default: #expect(!message.carriesDescriptor)
            }
        }
        #expect(Self.toSupervisor.filter(\.carriesDescriptor) == [.keys(generation: 9)])
    }

    @Test(
        arguments: [
            ([], RecordError.tooShort), ([1], .tooShort), ([0, 0], .unknownKind(0)), ([255, 0], .unknownKind(255)),
            ([2, 1], .unknownKind(0x102)), ([2, 0, 0], .trailingBytes), ([8, 0, 0, 0], .badValue("fault")),
            ([3, 0, 0, 0], .badValue("identifiers")), ([3, 0, 1, 0, 1], .badValue("identifiers")),
            ([3, 0, 65, 0] + [UInt8](repeating: 0, count: 520), .badValue("identifiers")),
            ([4, 0, 255, 255], .badValue("identifiers")), ([10, 0], .tooShort), ([10, 0, 64, 0], .badValue("issuer")),
            ([10, 0, 255, 255], .badValue("issuer")), ([10, 0, 1, 0, 0], .trailingBytes),
        ] as [([UInt8], RecordError)])
    func saysWhatIsWrong(bytes: [UInt8], error: RecordError) {
        #expect(throws: error) { try decode(bytes, as: ToSupervisor.self) }
    }

    @Test func unknownPanelRoleIsRefused() {
        for role: UInt8 in [0, 6, 255] {
            #expect(throws: RecordError.badValue("panel role")) {
                try decode([8, 0, role, 0, 0, 0, 0, 0, 0], as: ToWorker.self)
            }
        }
    }

    @Test func unknownAddressFamilyIsRefused() {
        var bytes = encode(Self.toWorker[0])
        bytes[12] = 5
        #expect(throws: RecordError.badValue("address family")) { try decode(bytes, as: ToWorker.self) }
    }

    /// Whatever comes, decoding ends in a message or an error, and a message encodes to just the bytes it came from.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func randomBytesNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<4_000 {
            var bytes = random.bytes(Int.random(in: 0...40, using: &random))
            if bytes.count > 2, Bool.random(using: &random) {
                bytes[0] %= 11
                bytes[1] = 0
            }
            if let message = try? decode(bytes, as: ToWorker.self), encode(message) != bytes {
                Issue.record("\(bytes) read as \(message)")
            }
            if let message = try? decode(bytes, as: ToSupervisor.self), encode(message) != bytes {
                Issue.record("\(bytes) read as \(message)")
            }
        }
    }
}
