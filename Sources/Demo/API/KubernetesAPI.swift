// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// The stand-in Kubernetes API: enough of it for kubectl, and paths of its own that show what a proxy in front does.
final class KubernetesAPI: Router {
    /// What is answered without a client certificate.
    private static let open: Set<String> = ["livez", "readyz", "healthz", "stats", "stand-in"]

    private let statistics: StandInStatistics
    private let cluster = ClusterState()
    private let streams: PodStreams
    private let reviews = Reviews()
    private var routes: [Route] = []

    init(_ statistics: StandInStatistics) {
        self.statistics = statistics
        self.streams = PodStreams(cluster)
        self.routes =
            probes() + discovery() + objects() + configMaps() + streams.routes() + reviews.routes() + proxyTests()
    }

    func webSocket(for request: Request) -> WebSocketService? {
        guard case .success = Caller.identify(request) else { return nil }
        return streams.service(for: request)
    }

    func endpoint(for request: Request) -> any Endpoint {
        if case .failure(let refusal) = Caller.identify(request), !Self.open.contains(request.path.first ?? "") {
            return BufferedEndpoint(.failure(refusal.status, refusal.message))
        }
        return routes.endpoint(for: request)
    }

    /// An object, or the table of it that the client would rather have.
    static func presented(_ object: JSON, _ request: Request) -> JSON {
        guard Table.isWanted(by: request) else { return object }
        return Table.of([object], resourceVersion: object["metadata"]?["resourceVersion"]?.text ?? "")
    }

    private func probes() -> [Route] {
        ["/livez", "/readyz", "/healthz"].map { path in Route(.GET, path) { _, _ in BufferedEndpoint(.text("ok")) } }
            + [
                Route(.GET, "/stats") { [statistics] _, _ in BufferedEndpoint { _ in .json(statistics.json) } }
            ]
    }

    private func discovery() -> [Route] {
        let documents: [(String, JSON)] = [
            ("/version", Discovery.version), ("/api", Discovery.coreVersions), ("/apis", Discovery.groups),
            ("/api/v1", Discovery.core), ("/apis/authentication.k8s.io", Discovery.authenticationGroup),
            ("/apis/authentication.k8s.io/v1", Discovery.authentication),
        ]
        return documents.map { path, document in Route(.GET, path) { _, _ in BufferedEndpoint(.json(document)) } }
    }

    private func objects() -> [Route] {
        let cluster = self.cluster
        return [
            Route(.GET, "/api/v1/namespaces") { request, _ in
                self.list("NamespaceList", cluster.namespaces, request)
            },
            Route(.GET, "/api/v1/namespaces/{name}") { request, names in
                self.one("namespaces", names[0], cluster.namespaces, request)
            },
            Route(.GET, "/api/v1/pods") { request, _ in self.list("PodList", cluster.pods, request) },
            Route(.GET, "/api/v1/namespaces/{namespace}/pods") { request, names in
                self.list("PodList", cluster.pods(in: names[0]), request)
            },
            Route(.GET, "/api/v1/namespaces/{namespace}/pods/{name}") { request, names in
                self.one("pods", names[1], cluster.pods(in: names[0]), request)
            },
            Route(.GET, "/api/v1/namespaces/{namespace}/pods/{name}/log") { [statistics] _, names in
                let pod = cluster.pods(in: names[0]).first { $0["metadata"]?["name"]?.text == names[1] }
                guard pod != nil else {
                    return BufferedEndpoint(.failure(.notFound, "pods \"\(names[1])\" not found"))
                }
                return LogEndpoint(pod: names[1], statistics)
            },
        ]
    }

    private func configMaps() -> [Route] {
        let maps = ConfigMaps(cluster: cluster)
        let all = "/api/v1/namespaces/{namespace}/configmaps"
        let one = all + "/{name}"
        return [
            Route(.GET, all) { [cluster] request, names in
                self.list("ConfigMapList", cluster.configMaps(in: names[0]), request)
            },
            Route(.POST, all) { _, names in BufferedEndpoint { maps.create(names[0], $0) } },
            Route(.GET, one) { request, names in BufferedEndpoint(maps.get(names[0], names[1], request)) },
            Route(.PUT, one) { _, names in BufferedEndpoint { maps.replace(names[0], names[1], $0) } },
            Route(.PATCH, one) { request, names in
                let contentType = request.headers.first(name: "content-type") ?? ""
                return BufferedEndpoint { maps.patch(names[0], names[1], $0, contentType: contentType) }
            },
            Route(.DELETE, one) { _, names in BufferedEndpoint { _ in maps.delete(names[0], names[1]) } },
        ]
    }

    private func proxyTests() -> [Route] {
        [
            Route(.POST, "/apis/authentication.k8s.io/v1/selfsubjectreviews") { request, _ in
                self.identified(request) { caller in
                    .json(
                        [
                            "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
                            "metadata": ["creationTimestamp": .string(ClusterState.timestamp())],
                            "status": ["userInfo": caller.userInfo],
                        ], status: .created)
                }
            },
            Route(nil, "/whoami") { request, _ in
                self.identified(request) { caller in
                    .json([
                        "user": .string(caller.user), "uid": .string(caller.uid),
                        "groups": .array(caller.groups.map { .string($0) }), "extra": caller.extraJSON,
                        "headers": .array(request.headers.map { .string($0.name) }),
                    ])
                }
            },
            Route(nil, "/hang") { [statistics] _, _ in HangEndpoint(statistics) },
            Route(.GET, "/bytes") { request, _ in
                BytesEndpoint(count: request.count("n") ?? 0, chunked: request.isTrue("chunked"))
            },
            Route(.GET, "/slow") { request, _ in
                SlowEndpoint(count: request.count("bytes") ?? 0, rate: request.count("rate") ?? 1_024)
            },
            Route(nil, "/echo") { _, _ in EchoEndpoint() },
            Route(.POST, "/digest") { _, _ in DigestEndpoint() },
            Route(nil, "/status/{code}") { _, values in
                guard let code = Int(values[0]), (200...599).contains(code) else {
                    return BufferedEndpoint(.failure(.badRequest, "a status is a number from 200 to 599"))
                }
                return BufferedEndpoint(.failure(HTTPResponseStatus(statusCode: code), "as asked for"))
            },
        ]
    }

    private func identified(_ request: Request, _ answer: (Caller) -> Response) -> any Endpoint {
        switch Caller.identify(request) {
        case .success(let caller): BufferedEndpoint(answer(caller))
        case .failure(let refusal): BufferedEndpoint(.failure(refusal.status, refusal.message))
        }
    }

    private func list(_ kind: JSON, _ objects: [JSON], _ request: Request) -> any Endpoint {
        var objects = objects
        let selector = request.query["fieldSelector"] ?? ""
        if selector.hasPrefix("metadata.name=") {
            let name = selector.dropFirst("metadata.name=".count)
            objects = objects.filter { $0["metadata"]?["name"]?.text == String(name) }
        }
        if request.isTrue("watch") { return WatchEndpoint(cluster, objects, request, statistics) }
        let version = String(cluster.resourceVersion)
        if Table.isWanted(by: request) {
            return BufferedEndpoint(.json(Table.of(objects, resourceVersion: version)))
        }
        return BufferedEndpoint(
            .json([
                "kind": kind, "apiVersion": "v1", "metadata": ["resourceVersion": .string(version)],
                "items": .array(objects),
            ]))
    }

    private func one(_ resource: String, _ name: String, _ objects: [JSON], _ request: Request) -> any Endpoint {
        guard let object = objects.first(where: { $0["metadata"]?["name"]?.text == name }) else {
            return BufferedEndpoint(.failure(.notFound, "\(resource) \"\(name)\" not found"))
        }
        return BufferedEndpoint(.json(Self.presented(object, request)))
    }
}
