// SPDX-License-Identifier: Apache-2.0

/// The header that each frame begins with (RFC 9113 section 4.1), as far as it tells what the frame may cost.
struct HTTP2FrameHeader: Equatable {
    enum Kind: Equatable {
        case data
        case headers
        case priority
        case resetStream
        case settings
        case ping
        case goAway
        case windowUpdate
        case continuation
        /// PUSH_PROMISE, which no client may send, PRIORITY_UPDATE, and types that we do not know.
        case other
    }

    let type: Kind
    let flags: UInt8
    /// Of the payload, in bytes, padding included.
    let length: Int

    /// END_STREAM of DATA and HEADERS.
    var endsStream: Bool { flags & 0x1 != 0 }
    /// ACK of SETTINGS and PING.
    var isAcknowledgement: Bool { flags & 0x1 != 0 }
    /// END_HEADERS of HEADERS and CONTINUATION.
    var endsHeaders: Bool { flags & 0x4 != 0 }
    /// PRIORITY of HEADERS.
    var hasPriority: Bool { flags & 0x20 != 0 }
    var isPadded: Bool { flags & 0x8 != 0 }
}

extension HTTP2FrameHeader.Kind {
    /// By the number on the wire.
    init(number: UInt8) {
        switch number {
        case 0x0: self = .data
        case 0x1: self = .headers
        case 0x2: self = .priority
        case 0x3: self = .resetStream
        case 0x4: self = .settings
        case 0x6: self = .ping
        case 0x7: self = .goAway
        case 0x8: self = .windowUpdate
        case 0x9: self = .continuation
        default: self = .other
        }
    }
}
