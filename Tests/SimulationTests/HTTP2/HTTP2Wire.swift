// SPDX-License-Identifier: Apache-2.0

import CNghttp2

/// Frames by hand (RFC 9113 section 4.1), so that the gateway's library does not check itself.
enum HTTP2Wire {
    enum Kind: UInt8 {
        case data, headers, priority, reset, settings, push, ping, goAway, windowUpdate, continuation
    }

    struct Frame {
        let kind: Kind?
        let flags: UInt8
        let stream: UInt32
        let payload: [UInt8]

        var endsStream: Bool { flags & 1 != 0 }
        var isAcknowledgement: Bool { flags & 1 != 0 }
        var endsHeaders: Bool { flags & 4 != 0 }
        /// The payload's first four bytes, as a number.
        var word: UInt32 { payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static func frame(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), kind.rawValue, flags]
            + word(stream) + payload
    }

    static func word(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    /// Takes the first frame off; nil: more is needed.
    static func take(_ bytes: inout [UInt8]) -> Frame? {
        guard bytes.count >= 9 else { return nil }
        let length = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
        guard bytes.count >= 9 + length else { return nil }
        let stream = bytes[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
        defer { bytes.removeFirst(9 + length) }
        return Frame(
            kind: Kind(rawValue: bytes[3]), flags: bytes[4], stream: stream, payload: Array(bytes[9..<9 + length]))
    }

    /// A header block of literals that are not indexed and not compressed (RFC 7541 section 6.2.2).
    static func block(_ fields: [(name: String, value: String)]) -> [UInt8] {
        fields.flatMap { [0] + string($0.name) + string($0.value) }
    }

    private static func string(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var length: [UInt8] = [127]
        var rest = bytes.count - 127
        while rest >= 128 {
            length.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }
}

/// The gateway's header blocks, taken apart by nghttp2's decoder.
@safe final class HeaderInflater {
    private var inflater: OpaquePointer?

    init() {
        let result = unsafe nghttp2_hd_inflate_new(&inflater)
        precondition(result == 0, "no memory for a header decoder")
    }

    deinit { unsafe nghttp2_hd_inflate_del(inflater) }

    /// nil: it is none.
    func fields(_ block: [UInt8]) -> [(name: String, value: String)]? {
        var fields: [(name: String, value: String)] = []
        var offset = 0
        while true {
            var entry = unsafe nghttp2_nv()
            var flags: Int32 = 0
            let used = unsafe block.withUnsafeBufferPointer { bytes in
                unsafe nghttp2_hd_inflate_hd2(
                    inflater, &entry, &flags, bytes.baseAddress.map { unsafe $0 + offset }, block.count - offset, 1)
            }
            guard used >= 0 else { return nil }
            offset += used
            if flags & Int32(bitPattern: NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                fields.append(
                    (unsafe Self.text(entry.name, entry.namelen), unsafe Self.text(entry.value, entry.valuelen)))
            }
            if flags & Int32(bitPattern: NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
                unsafe nghttp2_hd_inflate_end_headers(inflater)
                return fields
            }
            if used == 0, offset >= block.count { return nil }
        }
    }

    private static func text(_ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int) -> String {
        unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
