// SPDX-License-Identifier: Apache-2.0

/// What a request is about, as kube-apiserver computes it
/// (`k8s.io/apiserver/pkg/endpoints/request/requestinfo.go`, `RequestInfoFactory.NewRequestInfo`, with the API prefixes
/// `api` and `apis`, of which `api` has no groups).
///
/// All parts are ranges in the buffer of the request target, still encoded as they came; `PathText` writes them decoded.
/// `%2F` in the path counts as a slash, because the API server splits the decoded path.
///
/// One difference: the API server also forgets the name in a field selector when the label selector beside it is invalid;
/// we do not parse label selectors. Such a request is refused upstream in any case.
struct RequestInfo: Equatable, Sendable {
    private(set) var isResourceRequest = false
    private(set) var verb: KubernetesVerb
    private(set) var apiPrefix = ByteRange.empty
    private(set) var apiGroup = ByteRange.empty
    private(set) var apiVersion = ByteRange.empty
    private(set) var namespace = ByteRange.empty
    private(set) var resource = ByteRange.empty
    private(set) var subresource = ByteRange.empty
    private(set) var name = ByteRange.empty
    /// The name comes from a field selector in the query, where `+` is a blank and `\` escapes.
    private(set) var nameIsSelector = false
    /// From the resource on: `resource/name/subresource/…`, without a slash at the end.
    private(set) var parts = ByteRange.empty
    /// Whether the API server gives the request no deadline of its own.
    private(set) var isLongRunning = false
    /// A watch or a followed log: the gateway may end it between two items, and its client expects that.
    private(set) var isStream = false
    /// `/api/v1/watch` or `/api/v1/proxy` with nothing behind: the API server answers 500.
    private(set) var isInvalid = false

    /// Works out what a request with this method, path and query (without the `?`) is about.
    init(method: HTTPMethod, path: ByteRange, query: ByteRange, in bytes: ByteView) {
        verb = .method(method)
        resolve(method, path, query, bytes)
        isLongRunning = checkLongRunning(path, bytes)
        isStream =
            verb == .watch
            || (verb == .get && PathText.equals(subresource, "log", in: bytes) && ListOptions(query, in: bytes).follow)
    }

    /// What a parsed request is about.
    init(_ head: RequestHead, in bytes: ByteView) {
        self.init(method: head.method, path: head.path, query: head.query, in: bytes)
    }

    private mutating func resolve(
        _ method: HTTPMethod, _ path: ByteRange, _ query: ByteRange, _ bytes: ByteView
    ) {
        var segments = PathSegments(path, in: bytes)
        guard segments.count(upTo: 3) == 3, let prefix = segments.next() else { return }
        let isGroupless = PathText.equals(prefix, "api", in: bytes)
        guard isGroupless || PathText.equals(prefix, "apis", in: bytes) else { return }
        apiPrefix = prefix
        if !isGroupless {
            guard segments.count(upTo: 3) == 3, let group = segments.next() else { return }
            apiGroup = group
        }
        isResourceRequest = true
        apiVersion = segments.next() ?? .empty

        var ahead = segments
        let first = ahead.next() ?? .empty
        let special: KubernetesVerb? =
            if PathText.equals(first, "watch", in: bytes) {
                .watch
            } else if PathText.equals(first, "proxy", in: bytes) {
                .proxy
            } else {
                nil
            }
        if let special {
            guard segments.count(upTo: 2) == 2 else {
                isInvalid = true
                return
            }
            verb = special
            segments = ahead
        } else {
            verb = Self.verb(for: method)
        }
        readParts(segments, bytes)

        // No name: what looked like a get is a list or a watch, what looked like a delete takes the whole collection.
        guard name.isEmpty else { return }
        if verb == .get {
            let options = ListOptions(query, in: bytes)
            verb = options.watch ? .watch : .list
            if let selected = options.name {
                name = selected
                nameIsSelector = true
            }
        } else if verb == .delete {
            verb = .deletecollection
        }
    }

    /// Reads `[ namespaces/NAMESPACE/ ] resource [ /name [ /subresource … ] ]`.
    private mutating func readParts(_ segments: PathSegments, _ bytes: ByteView) {
        var parts = segments
        var ahead = segments
        if let first = ahead.next(), PathText.equals(first, "namespaces", in: bytes), let second = ahead.next() {
            namespace = second
            // `/namespaces/NAMESPACE/status` and `/finalize` are subresources of the namespace itself; anything else behind
            // a namespace is a resource in it.
            var third = ahead
            if let next = third.next(), !PathText.equals(next, "status", in: bytes),
                !PathText.equals(next, "finalize", in: bytes)
            {
                parts = ahead
            }
        }
        self.parts = parts.rest
        resource = parts.next() ?? .empty
        name = parts.next() ?? .empty
        if verb != .proxy { subresource = parts.next() ?? .empty }
    }

    private static func verb(for method: HTTPMethod) -> KubernetesVerb {
        switch method {
        case .post: .create
        case .get, .head: .get
        case .put: .update
        case .patch: .patch
        case .delete: .delete
        case .options, .connect, .trace, .other: .none
        }
    }

    /// kube-apiserver's own check (`pkg/controlplane/apiserver/config.go`, `BasicLongRunningRequestCheck`): the verbs watch
    /// and proxy, five subresources, and the profiler. As there, every `log` counts, followed or not.
    private func checkLongRunning(_ path: ByteRange, _ bytes: ByteView) -> Bool {
        if verb == .watch || verb == .proxy { return true }
        guard isResourceRequest else { return PathText.hasPrefix(path, "/debug/pprof/", in: bytes) }
        return PathText.equals(subresource, "attach", in: bytes) || PathText.equals(subresource, "exec", in: bytes)
            || PathText.equals(subresource, "proxy", in: bytes) || PathText.equals(subresource, "log", in: bytes)
            || PathText.equals(subresource, "portforward", in: bytes)
    }
}
