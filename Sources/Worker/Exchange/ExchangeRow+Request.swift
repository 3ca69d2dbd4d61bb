// SPDX-License-Identifier: Apache-2.0

import Shared

extension ExchangeRow {
    /// What the scoreboard shows of a request that has just arrived: never its query, never a field's value.
    init(_ head: RequestHead, _ info: RequestInfo, in bytes: ByteView, from peer: SocketAddress) {
        self.init()
        client = peer
        method = bytes[head.methodName].fixedText()
        path = bytes[head.path].fixedText()
        resource = bytes[info.resource].fixedText()
        verb = ExchangeVerb(info.verb)
    }
}

extension ExchangeVerb {
    init(_ verb: KubernetesVerb) {
        switch verb {
        case .get: self = .get
        case .list: self = .list
        case .watch: self = .watch
        case .create: self = .create
        case .update: self = .update
        case .patch: self = .patch
        case .delete: self = .delete
        case .deletecollection: self = .deletecollection
        case .proxy: self = .proxy
        case .none: self = .none
        case .method(let method): self = Self(method)
        }
    }

    private init(_ method: HTTPMethod) {
        switch method {
        case .get: self = .get
        case .head: self = .head
        case .post: self = .post
        case .put: self = .put
        case .patch: self = .patch
        case .delete: self = .delete
        case .options: self = .options
        case .trace: self = .trace
        case .connect, .other: self = .other
        }
    }
}
