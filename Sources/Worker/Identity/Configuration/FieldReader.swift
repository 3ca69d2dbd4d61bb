// SPDX-License-Identifier: Apache-2.0

/// Collects problems while a document is read, so that all of them are told together.
final class FieldProblems {
    private(set) var list: [FieldProblem] = []

    func add(_ problem: FieldProblem) { list.append(problem) }
}

/// Reads one JSON object of an `AuthenticationConfiguration` strictly: fields that are not known are refused, a field of
/// another type is refused, `null` is as good as absent (as Go's decoder has it).
struct FieldReader {
    let path: String
    private let object: JSONObject
    private let problems: FieldProblems

    init(_ object: JSONObject, path: String, known: [String], problems: FieldProblems) {
        self.path = path
        self.object = object
        self.problems = problems
        for name in object.members.keys.map(\.string).sorted() where !known.contains(where: { $0.isExactly(name) }) {
            problems.add(.decoding(child(name), "unknown field \(JSONValue.quoted(child(name)))"))
        }
    }

    func child(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    func string(_ name: String) -> String { optionalString(name) ?? "" }

    func optionalString(_ name: String) -> String? {
        switch object[name] {
        case nil, .null: return nil
        case .string(let text): return text
        case let other?:
            mismatch(name, other, "a string")
            return nil
        }
    }

    func boolean(_ name: String) -> Bool {
        switch object[name] {
        case nil, .null: return false
        case .bool(let value): return value
        case let other?:
            mismatch(name, other, "true or false")
            return false
        }
    }

    func strings(_ name: String) -> [String] {
        array(name).enumerated().map { index, element in
            switch element {
            case .string(let text): return text
            case .null: return ""
            default:
                mismatch("\(name)[\(index)]", element, "a string")
                return ""
            }
        }
    }

    /// The object in a field; an empty one where there is none.
    func object(_ name: String, known: [String]) -> FieldReader {
        reader(object[name] ?? .null, name, known)
    }

    func contains(_ name: String) -> Bool { object[name].map { $0 != .null } ?? false }

    func objects(_ name: String, known: [String]) -> [FieldReader] {
        array(name).enumerated().map { index, element in reader(element, "\(name)[\(index)]", known) }
    }

    private func reader(_ value: JSONValue, _ name: String, _ known: [String]) -> FieldReader {
        switch value {
        case .object(let object):
            return FieldReader(object, path: child(name), known: known, problems: problems)
        case .null: break
        default: mismatch(name, value, "an object")
        }
        return FieldReader(JSONObject(), path: child(name), known: known, problems: problems)
    }

    private func array(_ name: String) -> [JSONValue] {
        switch object[name] {
        case nil, .null: return []
        case .array(let elements): return elements
        case let other?:
            mismatch(name, other, "a list")
            return []
        }
    }

    private func mismatch(_ name: String, _ value: JSONValue, _ wanted: String) {
        let kind =
            switch value {
            case .null: "null"
            case .bool: "a boolean"
            case .integer, .real: "a number"
            case .string: "a string"
            case .array: "a list"
            case .object: "an object"
            }
        problems.add(.decoding(child(name), "\(kind) where \(wanted) is wanted"))
    }
}
