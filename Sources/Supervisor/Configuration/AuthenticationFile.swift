// SPDX-License-Identifier: Apache-2.0

import Shared
import Yams

/// Reads Kubernetes' `AuthenticationConfiguration` from YAML (or JSON, which is YAML) into JSON, with the place of each
/// field. What the fields mean, and whether they are right, only a worker can tell, which has CEL: see `WorkerCheck`.
struct AuthenticationFile {
    let report: LoadReport

    private static let key = "authentication.configurationFile"
    private static let prefix = AuthenticationConfiguration.KubernetesFile.pathPrefix
    /// Deeper than any such document.
    private static let maximumDepth = 32

    /// nil: it cannot be read, which is reported.
    func load(_ path: String) -> AuthenticationConfiguration.KubernetesFile? {
        let text: String
        do {
            text = try FileProbe.text(of: path)
        } catch {
            self.report.blame(Self.key, error.complaint)
            return nil
        }
        do {
            return try Self.convert(text, path: path) { field, mark in
                self.report.note(
                    Self.prefix + field,
                    at: .file(path, line: mark?.line ?? 1, column: mark?.column ?? 1, key: field))
            }
        } catch {
            self.report.blame(
                Self.key, at: .file(path, line: error.line, column: error.column, key: ""), error.message)
            return nil
        }
    }

    /// - Parameter note: told of each field and where it stands.
    static func convert(
        _ text: String, path: String, note: (_ field: String, _ mark: Mark?) -> Void
    ) throws(YAMLDocument.SyntaxError) -> AuthenticationConfiguration.KubernetesFile {
        let document = try YAMLDocument(text: text)
        var conversion = Conversion(document: document)
        conversion.note(document.root, "", note)
        let json = try conversion.json(document.root, path: "", depth: 0)
        return .init(path: path, document: json, repeatedKeys: conversion.repeated)
    }

    private struct Conversion {
        let document: YAMLDocument
        var repeated: [String] = []

        mutating func json(_ node: Node, path: String, depth: Int) throws(YAMLDocument.SyntaxError) -> String {
            guard depth < AuthenticationFile.maximumDepth else {
                throw YAMLDocument.SyntaxError(
                    line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, message: "is nested too deeply")
            }
            switch node {
            case .scalar(let scalar): return Self.scalar(scalar)
            case .alias: return "null"
            case .sequence(let sequence):
                var elements: [String] = []
                for (index, element) in sequence.enumerated() {
                    elements.append(try self.json(element, path: "\(path)[\(index)]", depth: depth + 1))
                }
                return "[" + elements.joined(separator: ",") + "]"
            case .mapping(let mapping):
                var members: [String] = []
                for (key, value) in mapping {
                    guard case .scalar(let scalar) = key else {
                        throw YAMLDocument.SyntaxError(
                            line: key.mark?.line ?? 1, column: key.mark?.column ?? 1,
                            message: "a key is no plain name; write one")
                    }
                    let (name, isRepeated) = self.document.originalKey(scalar)
                    let field = path.isEmpty ? name : "\(path).\(name)"
                    if isRepeated {
                        self.repeated.append(field)
                        continue
                    }
                    members.append(
                        "\(Self.quoted(name)):\(try self.json(value, path: field, depth: depth + 1))")
                }
                return "{" + members.joined(separator: ",") + "}"
            }
        }

        func note(_ node: Node, _ path: String, _ note: (String, Mark?) -> Void) {
            note(path, node.mark)
            switch node {
            case .scalar, .alias: break
            case .sequence(let sequence):
                for (index, element) in sequence.enumerated() { self.note(element, "\(path)[\(index)]", note) }
            case .mapping(let mapping):
                for (key, value) in mapping {
                    guard case .scalar(let scalar) = key else { continue }
                    let name = self.document.originalKey(scalar).name
                    self.note(value, path.isEmpty ? name : "\(path).\(name)", note)
                }
            }
        }

        /// As kube-apiserver's YAML (1.1) has it: `yes` and `on` are no strings there, and a document that relies on one
        /// or the other reading must not be read in both ways.
        private static func scalar(_ scalar: Node.Scalar) -> String {
            switch ScalarText(scalar) {
            case .empty: return "null"
            case .boolean(let value): return "\(value)"
            case .integer(let value): return "\(value)"
            case .number: return "0.5"
            case .string(let text):
                let isPlain = scalar.style == .plain && scalar.tag.description != "tag:yaml.org,2002:str"
                return isPlain ? Self.yaml11Boolean(text) ?? Self.quoted(text) : Self.quoted(text)
            }
        }

        private static func yaml11Boolean(_ text: String) -> String? {
            switch text {
            case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": "true"
            case "n", "N", "no", "No", "NO", "off", "Off", "OFF": "false"
            default: nil
            }
        }

        private static func quoted(_ text: String) -> String {
            var result = "\""
            for scalar in text.unicodeScalars {
                switch scalar.value {
                case 0x22, 0x5C: result += "\\" + String(scalar)
                case 0..<0x20:
                    let hex = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result + "\""
        }
    }
}
