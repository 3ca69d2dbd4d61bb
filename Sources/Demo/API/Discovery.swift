// SPDX-License-Identifier: Apache-2.0

/// What the stand-in says of itself: version and discovery documents.
enum Discovery {
    static let version: JSON = [
        "major": "1", "minor": "36", "gitVersion": "v1.36.0-lychgate-demo", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
    ]

    static let coreVersions: JSON = [
        "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [],
    ]

    static let core: JSON = [
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1",
        "resources": [
            resource("namespaces", "namespace", "Namespace", namespaced: false, ["get", "list"], short: ["ns"]),
            resource("pods", "pod", "Pod", namespaced: true, ["get", "list", "watch"], short: ["po"]),
            resource("pods/log", "", "Pod", namespaced: true, ["get"]),
            resource("pods/exec", "", "PodExecOptions", namespaced: true, ["create", "get"]),
            resource("pods/attach", "", "PodAttachOptions", namespaced: true, ["create", "get"]),
            resource("pods/portforward", "", "PodPortForwardOptions", namespaced: true, ["create", "get"]),
            resource(
                "configmaps", "configmap", "ConfigMap", namespaced: true,
                ["create", "delete", "get", "list", "patch", "update"], short: ["cm"]),
        ],
    ]

    static let groups: JSON = ["kind": "APIGroupList", "apiVersion": "v1", "groups": [authenticationGroup]]

    static let authenticationGroup: JSON = [
        "kind": "APIGroup", "apiVersion": "v1", "name": "authentication.k8s.io",
        "versions": [["groupVersion": "authentication.k8s.io/v1", "version": "v1"]],
        "preferredVersion": ["groupVersion": "authentication.k8s.io/v1", "version": "v1"],
    ]

    static let authentication: JSON = [
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "authentication.k8s.io/v1",
        "resources": [
            resource(
                "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview", namespaced: false, ["create"])
        ],
    ]

    private static func resource(
        _ name: String, _ singular: String, _ kind: String, namespaced: Bool, _ verbs: [String],
        short: [String] = []
    ) -> JSON {
        [
            "name": .string(name), "singularName": .string(singular), "namespaced": .bool(namespaced),
            "kind": .string(kind), "verbs": .array(verbs.map { .string($0) }),
            "shortNames": .array(short.map { .string($0) }),
        ]
    }
}
