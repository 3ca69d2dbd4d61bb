// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the stand-in cluster holds: fixed namespaces and pods, and the config maps that clients made. Confined to the
/// event loop.
final class ClusterState {
    /// Config maps at most; each is bounded by the limit on a request's body.
    static let maximumConfigMaps = 1_000

    private(set) var resourceVersion = 1_000
    private let started = ClusterState.timestamp()
    let namespaces: [JSON]
    let pods: [JSON]
    /// By namespace and name.
    private(set) var configMaps: [String: JSON] = [:]

    init() {
        let started = self.started
        namespaces = ["default", "kube-system", "churchyard"].map { Self.namespace($0, created: started) }
        pods = [
            ("default", "lantern-0"), ("default", "lantern-1"), ("default", "bell"), ("churchyard", "sexton"),
            ("kube-system", "coredns-0"),
        ].enumerated().map { Self.pod($1.0, $1.1, number: $0 + 1, created: started) }
    }

    /// A version that no object had before.
    func nextVersion() -> String {
        resourceVersion += 1
        return String(resourceVersion)
    }

    func pods(in namespace: String?) -> [JSON] {
        guard let namespace else { return pods }
        return pods.filter { $0["metadata"]?["namespace"]?.text == namespace }
    }

    func configMap(_ namespace: String, _ name: String) -> JSON? {
        configMaps["\(namespace)/\(name)"]
    }

    func configMaps(in namespace: String) -> [JSON] {
        configMaps.filter { $0.key.hasPrefix(namespace + "/") }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Stores a config map under its namespace and name, and returns it as stored; nil if there is no room.
    func store(_ object: JSON, _ namespace: String, _ name: String) -> JSON? {
        let key = "\(namespace)/\(name)"
        guard configMaps[key] != nil || configMaps.count < Self.maximumConfigMaps else { return nil }
        var stored = object
        var metadata = object["metadata"] ?? [:]
        let old = configMaps[key]?["metadata"]
        metadata["name"] = .string(name)
        metadata["namespace"] = .string(namespace)
        metadata["uid"] = old?["uid"] ?? .string(UUID().uuidString.lowercased())
        metadata["creationTimestamp"] = old?["creationTimestamp"] ?? .string(Self.timestamp())
        metadata["resourceVersion"] = .string(nextVersion())
        stored["metadata"] = metadata
        stored["kind"] = "ConfigMap"
        stored["apiVersion"] = "v1"
        configMaps[key] = stored
        return stored
    }

    func removeConfigMap(_ namespace: String, _ name: String) -> JSON? {
        configMaps.removeValue(forKey: "\(namespace)/\(name)")
    }

    static func timestamp(_ date: Date = Date()) -> String {
        date.formatted(.iso8601)
    }

    private static func namespace(_ name: String, created: String) -> JSON {
        [
            "kind": "Namespace", "apiVersion": "v1",
            "metadata": [
                "name": .string(name), "uid": .string("namespace-\(name)"), "resourceVersion": "1",
                "creationTimestamp": .string(created), "labels": ["kubernetes.io/metadata.name": .string(name)],
            ],
            "spec": ["finalizers": ["kubernetes"]], "status": ["phase": "Active"],
        ]
    }

    private static func pod(_ namespace: String, _ name: String, number: Int, created: String) -> JSON {
        [
            "kind": "Pod", "apiVersion": "v1",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace), "uid": .string("pod-\(number)"),
                "resourceVersion": .string(String(100 + number)), "creationTimestamp": .string(created),
                "labels": ["app": .string(String(name.split(separator: "-")[0]))],
            ],
            "spec": [
                "containers": [["name": "main", "image": "registry.example/demo:1", "resources": [:]]],
                "nodeName": "stand-in", "restartPolicy": "Always",
            ],
            "status": [
                "phase": "Running", "podIP": .string("10.0.0.\(number)"), "hostIP": "10.0.0.254",
                "startTime": .string(created),
                "conditions": [["type": "Ready", "status": "True", "lastTransitionTime": .string(created)]],
                "containerStatuses": [
                    [
                        "name": "main", "ready": true, "restartCount": 0, "image": "registry.example/demo:1",
                        "imageID": "", "state": ["running": ["startedAt": .string(created)]],
                    ]
                ],
            ],
        ]
    }
}
