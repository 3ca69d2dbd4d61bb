// SPDX-License-Identifier: Apache-2.0

/// What a request does, in the API server's words.
enum KubernetesVerb: Equatable, Sendable {
    case get
    case list
    case watch
    case create
    case update
    case patch
    case delete
    case deletecollection
    /// The root verb of `/api/v1/proxy/…`, which the API server still parses but no longer serves.
    case proxy
    /// A resource request with a method that has no verb: the API server's empty string.
    case none
    /// Of a request that is not for a resource: its method in lower case.
    case method(HTTPMethod)

    /// The API server's spelling, also for a method; empty for a resource request without a verb.
    func write(of bytes: ByteView, into writer: inout ByteWriter) {
        switch self {
        case .get: writer.append("get")
        case .list: writer.append("list")
        case .watch: writer.append("watch")
        case .create: writer.append("create")
        case .update: writer.append("update")
        case .patch: writer.append("patch")
        case .delete: writer.append("delete")
        case .deletecollection: writer.append("deletecollection")
        case .proxy: writer.append("proxy")
        case .none: break
        case .method(let method): method.writeLowercased(of: bytes, into: &writer)
        }
    }
}
