// SPDX-License-Identifier: Apache-2.0

/// A `metav1.Status` that says that a request failed, as the API server itself would say it, so that kubectl and client-go
/// show its message.
struct StatusBody {
    /// The HTTP status.
    var code: Int
    var reason: StatusReason
    /// A sentence for people. It must hold no secret.
    var message: ByteView
    /// Seconds after which to try again, for 429 and 503; 0 for none.
    var retryAfter: Int

    init(code: Int, reason: StatusReason? = nil, message: ByteView, retryAfter: Int = 0) {
        self.code = code
        self.reason = reason ?? StatusReason(status: code)
        self.message = message
        self.retryAfter = max(0, retryAfter)
    }

    /// The answer to a request that breaks a rule.
    init(_ fault: HTTPFault) {
        self.init(code: fault.status, message: ByteView(fault.message))
    }

    /// Writes the JSON document, without a line end.
    func write(into writer: inout ByteWriter) {
        writer.append(#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":""#)
        JSONText.write(message, into: &writer)
        writer.append(#"","reason":""#)
        writer.append(reason.text)
        writer.append(#"","#)
        if retryAfter > 0 {
            writer.append(#""details":{"retryAfterSeconds":"#)
            writer.append(decimal: UInt64(retryAfter))
            writer.append("},")
        }
        writer.append(#""code":"#)
        writer.append(decimal: UInt64(max(0, code)))
        writer.append("}")
    }
}
