// SPDX-License-Identifier: Apache-2.0

/// The error codes that we send in RST_STREAM and GOAWAY (RFC 9113 section 7).
enum HTTP2Code: UInt32, Sendable {
    case noError = 0x0
    case protocolError = 0x1
    case internalError = 0x2
    /// The stream was not processed at all: the client may send the request again.
    case refusedStream = 0x7
    case cancel = 0x8
    case enhanceYourCalm = 0xb
}
