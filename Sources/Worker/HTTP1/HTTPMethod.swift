// SPDX-License-Identifier: Apache-2.0

/// A request method (RFC 9110 section 9). Methods are case-sensitive, so `get` is not `GET` but a token of its own.
enum HTTPMethod: Equatable, Sendable {
    case get
    case head
    case post
    case put
    case patch
    case delete
    case options
    case connect
    case trace
    /// Any other token, where it stands in the head.
    case other(ByteRange)

    /// The method whose token is at `range`.
    init(_ range: ByteRange, in bytes: ByteView) {
        let name = bytes[range]
        switch name.count {
        case 3 where name.equals("GET"): self = .get
        case 3 where name.equals("PUT"): self = .put
        case 4 where name.equals("HEAD"): self = .head
        case 4 where name.equals("POST"): self = .post
        case 5 where name.equals("PATCH"): self = .patch
        case 5 where name.equals("TRACE"): self = .trace
        case 6 where name.equals("DELETE"): self = .delete
        case 7 where name.equals("OPTIONS"): self = .options
        case 7 where name.equals("CONNECT"): self = .connect
        default: self = .other(range)
        }
    }

    /// RFC 9110 section 9.2.1: asks for nothing to change.
    var isSafe: Bool {
        switch self {
        case .get, .head, .options, .trace: true
        case .post, .put, .patch, .delete, .connect, .other: false
        }
    }

    /// RFC 9110 section 9.2.2: sending it twice does the same as sending it once, so it may be tried again.
    var isIdempotent: Bool {
        switch self {
        case .get, .head, .options, .trace, .put, .delete: true
        case .post, .patch, .connect, .other: false
        }
    }

    /// Writes the method in lower case: what the API server calls the verb of a request that is not for a resource.
    func writeLowercased(of bytes: ByteView, into writer: inout ByteWriter) {
        switch self {
        case .get: writer.append("get")
        case .head: writer.append("head")
        case .post: writer.append("post")
        case .put: writer.append("put")
        case .patch: writer.append("patch")
        case .delete: writer.append("delete")
        case .options: writer.append("options")
        case .connect: writer.append("connect")
        case .trace: writer.append("trace")
        case .other(let range):
            for index in range.lowerBound..<range.upperBound { writer.append(bytes[index].lowercased) }
        }
    }
}
