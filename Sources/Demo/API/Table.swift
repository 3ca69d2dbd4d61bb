// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOHTTP1

/// Objects as a `metav1.Table`, which kubectl asks for to print what a server's own columns say
/// (apimachinery/pkg/apis/meta/v1/types.go).
enum Table {
    /// Whether the client would take a table (`Accept: application/json;as=Table;v=v1;g=meta.k8s.io`).
    static func isWanted(by request: Request) -> Bool {
        request.headers["accept"].contains { $0.contains("as=Table") && $0.contains("v=v1;") }
    }

    /// One table; `columns: false` for the later events of a watch, which leave the definitions out.
    static func of(_ objects: [JSON], resourceVersion: String, columns: Bool = true) -> JSON {
        let kind = objects.first?["kind"]?.text
        return [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1",
            "metadata": ["resourceVersion": .string(resourceVersion)],
            "columnDefinitions": columns ? definitions(kind) : [],
            "rows": .array(objects.map(row)),
        ]
    }

    private static func definitions(_ kind: String?) -> JSON {
        let names: [(String, String)] =
            switch kind {
            case "Pod": [("Name", "string"), ("Ready", "string"), ("Status", "string"), ("Restarts", "integer")]
            case "Namespace": [("Name", "string"), ("Status", "string")]
            default: [("Name", "string"), ("Data", "integer")]
            }
        return .array(
            (names + [("Age", "string")]).map { name, type in
                [
                    "name": .string(name), "type": .string(type), "format": name == "Name" ? "name" : "",
                    "description": .string(name), "priority": 0,
                ]
            })
    }

    private static func row(_ object: JSON) -> JSON {
        let metadata = object["metadata"] ?? [:]
        let name = metadata["name"] ?? ""
        let age = JSON.string(age(since: metadata["creationTimestamp"]?.text))
        let phase = object["status"]?["phase"] ?? ""
        let cells: JSON
        switch object["kind"]?.text {
        case "Pod": cells = [name, "1/1", phase, 0, age]
        case "Namespace": cells = [name, phase, age]
        default:
            guard case .object(let data)? = object["data"] else {
                cells = [name, 0, age]
                break
            }
            cells = [name, .int(data.count), age]
        }
        return [
            "cells": cells,
            "object": ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata],
        ]
    }

    /// As kubectl prints an age, in its largest whole unit.
    private static func age(since created: String?) -> String {
        guard let created, let date = try? Date(created, strategy: .iso8601) else { return "<unknown>" }
        let seconds = max(0, Int(Date().timeIntervalSince(date)))
        return switch seconds {
        case ..<120: "\(seconds)s"
        case ..<7_200: "\(seconds / 60)m"
        case ..<172_800: "\(seconds / 3_600)h"
        default: "\(seconds / 86_400)d"
        }
    }
}
