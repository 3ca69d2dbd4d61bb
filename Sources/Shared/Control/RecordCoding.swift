// SPDX-License-Identifier: Apache-2.0

/// Writes one control record: little-endian, no padding.
package struct RecordWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {
        bytes.reserveCapacity(64)
    }

    package mutating func reset() {
        bytes.removeAll(keepingCapacity: true)
    }

    package mutating func write<Value: FixedWidthInteger>(_ value: Value) {
        for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
        }
    }

    package mutating func write(_ address: SocketAddress) {
        write(address.family.rawValue)
        write(address.port)
        write(address.high)
        write(address.low)
        write(address.scope)
    }
}

/// What is wrong with a control record. Whoever sends such a record is not to be trusted any further.
package enum RecordError: Error, Equatable, Sendable {
    case tooShort
    case trailingBytes
    case unknownKind(UInt16)
    case badValue(String)
    case unexpectedDescriptor
    case missingDescriptor
    case truncated
}

/// Reads one control record; every size is checked and nothing may be left over.
package struct RecordReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    package var remaining: Int { bytes.endIndex - position }

    package mutating func read<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(RecordError) -> Value {
        let size = Value.bitWidth / 8
        guard remaining >= size else { throw .tooShort }
        var value: Value = 0
        for index in 0..<size {
            value |= Value(truncatingIfNeeded: bytes[position + index]) << Value(8 * index)
        }
        position += size
        return value
    }

    package mutating func readAddress() throws(RecordError) -> SocketAddress {
        guard let family = SocketAddress.Family(rawValue: try read()) else { throw .badValue("address family") }
        return SocketAddress(family: family, port: try read(), high: try read(), low: try read(), scope: try read())
    }

    /// An issuer's place in the configuration.
    package mutating func readIssuer() throws(RecordError) -> UInt16 {
        let issuer: UInt16 = try read()
        guard issuer < ControlProtocol.maxIssuers else { throw .badValue("issuer") }
        return issuer
    }

    package func finish() throws(RecordError) {
        guard remaining == 0 else { throw .trailingBytes }
    }
}
