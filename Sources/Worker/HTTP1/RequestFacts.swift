// SPDX-License-Identifier: Apache-2.0

/// What the fields say that only requests have.
struct RequestFacts {
    private(set) var host: ByteRange?
    private(set) var authorization: ByteRange?
    private(set) var expectsContinue = false
    private(set) var hasImpersonation = false
    private(set) var acceptsTrailers = false
    private(set) var hasWebSocketProtocols = false
    private(set) var auditID: ByteRange?
    private(set) var isForwarded = false
    private var hasContentType = false

    /// Takes in one field. Repeating Host, Authorization, Expect or Content-Type is refused: who reads the first and who the
    /// last would see different requests.
    @inline(__always)
    mutating func note(_ field: Field, in bytes: ByteView) throws(HTTPFault) {
        switch field.known {
        case .host:
            guard host == nil else { throw .repeatedField }
            guard HostField.isValid(field.value, in: bytes) else { throw .invalidHost }
            host = field.value
        case .authorization:
            guard authorization == nil else { throw .repeatedField }
            authorization = field.value
        case .contentType:
            guard !hasContentType else { throw .repeatedField }
            hasContentType = true
        case .expect:
            guard !expectsContinue else { throw .repeatedField }
            guard bytes.equals(field.value, ignoringCase: "100-continue") else { throw .unsupportedExpectation }
            expectsContinue = true
        case .impersonate:
            hasImpersonation = true
        case .webSocketProtocol:
            hasWebSocketProtocols = true
        case .auditID:
            // As Go's `Header.Get`: the first counts.
            if auditID == nil { auditID = field.value }
        case .forwarded:
            isForwarded = true
        case .te:
            var elements = ListElements(field.value, in: bytes)
            while let element = elements.next() {
                if bytes.equals(element, ignoringCase: "trailers") { acceptsTrailers = true }
            }
        default:
            break
        }
    }
}
