// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// Config maps: create, read, replace, patch (merge, strategic merge and server-side apply alike) and delete.
struct ConfigMaps {
    let cluster: ClusterState

    func create(_ namespace: String, _ body: ByteBuffer) -> Response {
        guard let object = try? JSON(parsing: body.readableBytesView),
            let name = object["metadata"]?["name"]?.text, !name.isEmpty
        else { return .failure(.badRequest, "the body is no config map with a name") }
        guard cluster.configMap(namespace, name) == nil else {
            return .failure(.conflict, "configmaps \"\(name)\" already exists")
        }
        return store(object, namespace, name, .created)
    }

    func replace(_ namespace: String, _ name: String, _ body: ByteBuffer) -> Response {
        guard let object = try? JSON(parsing: body.readableBytesView) else {
            return .failure(.badRequest, "the body is no config map")
        }
        return store(object, namespace, name, cluster.configMap(namespace, name) == nil ? .created : .ok)
    }

    func patch(_ namespace: String, _ name: String, _ body: ByteBuffer, contentType: String) -> Response {
        guard let patch = try? JSON(parsing: body.readableBytesView), case .object = patch else {
            return .failure(.unsupportedMediaType, "only patches that are a JSON object are understood")
        }
        if let existing = cluster.configMap(namespace, name) {
            return store(existing.merged(with: patch), namespace, name, .ok)
        }
        guard contentType.hasPrefix("application/apply-patch") else { return notFound(name) }
        return store(patch, namespace, name, .created)
    }

    func get(_ namespace: String, _ name: String, _ request: Request) -> Response {
        guard let object = cluster.configMap(namespace, name) else { return notFound(name) }
        return .json(KubernetesAPI.presented(object, request))
    }

    func delete(_ namespace: String, _ name: String) -> Response {
        guard let object = cluster.removeConfigMap(namespace, name) else { return notFound(name) }
        return .json([
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success",
            "details": [
                "name": .string(name), "kind": "configmaps", "uid": object["metadata"]?["uid"] ?? "",
            ],
        ])
    }

    private func store(
        _ object: JSON, _ namespace: String, _ name: String, _ status: HTTPResponseStatus
    ) -> Response {
        guard let stored = cluster.store(object, namespace, name) else {
            return .failure(.insufficientStorage, "there are too many config maps")
        }
        return .json(stored, status: status)
    }

    private func notFound(_ name: String) -> Response {
        .failure(.notFound, "configmaps \"\(name)\" not found")
    }
}
