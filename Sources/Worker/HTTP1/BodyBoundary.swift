// SPDX-License-Identifier: Apache-2.0

/// Where a streamed body can be ended so that its receiver has whole items only: watch events, lines of a log. Pure.
///
/// Chunks do not tell: an API server writes a large event as several of them.
enum BodyBoundary: Equatable, Sendable {
    /// JSON watches (one object a line) and logs: behind a line feed. `isHere`: nothing of the next line has come.
    case lines(isHere: Bool)
    /// Protobuf watches: behind a frame, which follows its length in four bytes, big-endian
    /// (`k8s.io/apimachinery/pkg/util/framer`, `lengthDelimitedFrameReader`).
    case frames(rest: UInt32, lengthBytes: UInt8, length: UInt32)

    /// How a body of this type is divided; nil: that is not known, so nobody may end it early.
    init?(contentType range: ByteRange, in bytes: ByteView) {
        if Self.isType(range, "application/json", in: bytes) || Self.isType(range, "text/plain", in: bytes) {
            self = .lines(isHere: true)
        } else if Self.isType(range, "application/vnd.kubernetes.protobuf", in: bytes) {
            self = .frames(rest: 0, lengthBytes: 0, length: 0)
        } else {
            return nil
        }
    }

    /// What follows the type can only be a parameter.
    private static func isType(_ range: ByteRange, _ type: StaticString, in bytes: ByteView) -> Bool {
        guard bytes.hasPrefix(range, ignoringCase: type) else { return false }
        let end = range.lowerBound + type.utf8CodeUnitCount
        return end == range.upperBound || [0x3B, 0x20, 0x09].contains(bytes[end])
    }

    /// Whether all that was passed is whole items.
    var isHere: Bool {
        switch self {
        case .lines(let isHere): isHere
        case .frames(let rest, let lengthBytes, _): rest == 0 && lengthBytes == 0
        }
    }

    /// These bytes of the body go on.
    mutating func pass(_ bytes: ByteView) {
        guard !bytes.isEmpty else { return }
        if case .lines = self {
            self = .lines(isHere: bytes[bytes.count - 1] == 0x0A)
        } else {
            var position = 0
            while position < bytes.count { stepFrame(bytes, &position) }
        }
    }

    /// These bytes go on as far as the first boundary behind at least one of them: how many that are. nil: there is none
    /// among them, and all of them go on.
    mutating func passToFirst(_ bytes: ByteView) -> Int? {
        if case .lines = self {
            let end = bytes.firstIndex(of: 0x0A, from: 0)
            if end != nil { self = .lines(isHere: true) } else { pass(bytes) }
            return end.map { $0 + 1 }
        }
        var position = 0
        while position < bytes.count {
            stepFrame(bytes, &position)
            if isHere { return position }
        }
        return nil
    }

    /// Goes over one byte of a length, or over as much of a frame as there is.
    private mutating func stepFrame(_ bytes: ByteView, _ position: inout Int) {
        guard case .frames(let rest, let lengthBytes, let length) = self else { return }
        guard rest == 0 else {
            let count = min(UInt32(clamping: bytes.count - position), rest)
            position += Int(count)
            self = .frames(rest: rest - count, lengthBytes: 0, length: 0)
            return
        }
        let sum = length << 8 | UInt32(bytes[position])
        position += 1
        self = lengthBytes == 3
            ? .frames(rest: sum, lengthBytes: 0, length: 0)
            : .frames(rest: 0, lengthBytes: lengthBytes + 1, length: sum)
    }
}
