// SPDX-License-Identifier: Apache-2.0

/// Which rule of the protocol, or of our own policy, a message breaks. Raw values are stable.
///
/// In a request it is answered with `status` and the connection is closed, because nothing that follows can be trusted to
/// be a message. In a response it is always a 502, and the upstream connection is closed.
enum HTTPFault: UInt8, Error, CaseIterable, Sendable {
    // The lines of a head.
    case controlByte
    case bareCarriageReturn
    case bareLineFeed
    case emptyStartLine
    case startLineTooLong
    case headTooLarge
    case tooManyFields
    // The request line.
    case invalidRequestLine
    case invalidMethod
    case unsupportedMethod
    case unsupportedVersion
    case invalidTarget
    case invalidPercentEncoding
    case encodedControlByte
    case dotSegment
    case targetHostMismatch
    // Fields.
    case foldedField
    case invalidFieldName
    case underscoredField
    case repeatedField
    case missingHost
    case invalidHost
    case invalidConnection
    case protectedFieldNominated
    case unsupportedExpectation
    // Framing.
    case invalidContentLength
    case lengthAndTransferEncoding
    case invalidTransferEncoding
    // The body.
    case invalidChunkSize
    case chunkTooLarge
    case invalidChunkExtension
    case invalidChunkEnd
    case trailersTooLarge
    case forbiddenTrailer
    case truncatedBody
    // Responses.
    case invalidStatusLine
    case unexpectedTransferEncoding
    case tooManyInterimResponses
    case invalidStream
    // HTTP/2.
    case extendedConnect
    // Responses, too; added later.
    case unexpectedContentLength

    /// The status for the client whose request this is.
    var status: Int {
        switch self {
        case .startLineTooLong: 414
        case .headTooLarge, .tooManyFields, .trailersTooLarge: 431
        case .unsupportedMethod: 501
        case .unsupportedVersion: 505
        case .unsupportedExpectation: 417
        case .invalidStatusLine, .unexpectedTransferEncoding, .unexpectedContentLength, .tooManyInterimResponses,
            .invalidStream:
            502
        default: 400
        }
    }

    /// A short name for logs and metrics, which does not change between versions.
    var reason: StaticString {
        switch self {
        case .controlByte: "control-byte"
        case .bareCarriageReturn: "bare-cr"
        case .bareLineFeed: "bare-lf"
        case .emptyStartLine: "empty-start-line"
        case .startLineTooLong: "start-line-too-long"
        case .headTooLarge: "head-too-large"
        case .tooManyFields: "too-many-fields"
        case .invalidRequestLine: "invalid-request-line"
        case .invalidMethod: "invalid-method"
        case .unsupportedMethod: "unsupported-method"
        case .unsupportedVersion: "unsupported-version"
        case .invalidTarget: "invalid-target"
        case .invalidPercentEncoding: "invalid-percent-encoding"
        case .encodedControlByte: "encoded-control-byte"
        case .dotSegment: "dot-segment"
        case .targetHostMismatch: "target-host-mismatch"
        case .foldedField: "folded-field"
        case .invalidFieldName: "invalid-field-name"
        case .underscoredField: "underscored-field"
        case .repeatedField: "repeated-field"
        case .missingHost: "missing-host"
        case .invalidHost: "invalid-host"
        case .invalidConnection: "invalid-connection"
        case .protectedFieldNominated: "protected-field-nominated"
        case .unsupportedExpectation: "unsupported-expectation"
        case .invalidContentLength: "invalid-content-length"
        case .lengthAndTransferEncoding: "length-and-transfer-encoding"
        case .invalidTransferEncoding: "invalid-transfer-encoding"
        case .invalidChunkSize: "invalid-chunk-size"
        case .chunkTooLarge: "chunk-too-large"
        case .invalidChunkExtension: "invalid-chunk-extension"
        case .invalidChunkEnd: "invalid-chunk-end"
        case .trailersTooLarge: "trailers-too-large"
        case .forbiddenTrailer: "forbidden-trailer"
        case .truncatedBody: "truncated-body"
        case .invalidStatusLine: "invalid-status-line"
        case .unexpectedTransferEncoding: "unexpected-transfer-encoding"
        case .tooManyInterimResponses: "too-many-interim-responses"
        case .invalidStream: "invalid-stream"
        case .extendedConnect: "extended-connect"
        case .unexpectedContentLength: "unexpected-content-length"
        }
    }

    /// A sentence for the one who sent the message. It quotes nothing of it.
    var message: StaticString {
        switch self {
        case .controlByte: "the head contains a control character"
        case .bareCarriageReturn: "the head contains a carriage return without a line feed"
        case .bareLineFeed: "the head contains a line feed without a carriage return"
        case .emptyStartLine: "the message begins with more than one empty line"
        case .startLineTooLong: "the request line is too long"
        case .headTooLarge: "the header fields are too large"
        case .tooManyFields: "there are too many header fields"
        case .invalidRequestLine: "the request line is not METHOD SP TARGET SP VERSION"
        case .invalidMethod: "the method is not a token"
        case .unsupportedMethod: "the method is not supported"
        case .unsupportedVersion: "only HTTP/1.0 and HTTP/1.1 are supported on this connection"
        case .invalidTarget: "the request target is invalid"
        case .invalidPercentEncoding: "the request target contains an invalid percent-encoding"
        case .encodedControlByte: "the request target contains an encoded control character"
        case .dotSegment: "the path contains a . or .. segment"
        case .targetHostMismatch: "the request target names another host than the Host field"
        case .foldedField: "a header field is folded over several lines"
        case .invalidFieldName: "a header field's name is not a token followed by a colon"
        case .underscoredField: "a header field's name differs from a protected one only by underscores"
        case .repeatedField: "a header field that may occur once is repeated"
        case .missingHost: "the Host field is missing"
        case .invalidHost: "the Host field is invalid"
        case .invalidConnection: "the Connection field is not a list of tokens"
        case .protectedFieldNominated: "the Connection field names a field that must not be removed"
        case .unsupportedExpectation: "the only supported expectation is 100-continue"
        case .invalidContentLength: "the Content-Length field is not one decimal number"
        case .lengthAndTransferEncoding: "both Content-Length and Transfer-Encoding are present"
        case .invalidTransferEncoding: "the only supported transfer coding is chunked, once, in HTTP/1.1"
        case .invalidChunkSize: "a chunk size is not a hexadecimal number"
        case .chunkTooLarge: "a chunk size is too large"
        case .invalidChunkExtension: "a chunk extension is invalid or too long"
        case .invalidChunkEnd: "a chunk's data is not followed by CRLF"
        case .trailersTooLarge: "the trailer section is too large"
        case .forbiddenTrailer: "the trailer section contains a field that is not allowed there"
        case .truncatedBody: "the body ended before its end"
        case .invalidStatusLine: "the status line is invalid"
        case .unexpectedTransferEncoding: "a response that has no body has a Transfer-Encoding field"
        case .tooManyInterimResponses: "there are too many interim responses before the final one"
        case .invalidStream: "the frames of an HTTP/2 stream break its rules"
        case .unexpectedContentLength: "a response that has no body has a Content-Length field other than 0"
        case .extendedConnect: "WebSocket over HTTP/2 (RFC 8441) is not offered; it is over HTTP/1.1"
        }
    }
}
