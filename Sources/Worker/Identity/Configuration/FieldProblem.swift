// SPDX-License-Identifier: Apache-2.0

/// One thing that is wrong with an `AuthenticationConfiguration`, told as kube-apiserver tells it
/// (k8s.io/apimachinery/pkg/util/validation/field, errors.go): the field's path, the kind of mistake, the value.
struct FieldProblem: Error, Equatable, Sendable {
    /// `jwt[0].issuer.url`; empty: the document.
    let path: String
    let text: String

    static func required(_ path: String, _ detail: String = "") -> FieldProblem {
        FieldProblem(path: path, text: "Required value" + (detail.isEmpty ? "" : ": " + detail))
    }

    static func invalid(_ path: String, _ value: String, _ detail: String) -> FieldProblem {
        FieldProblem(path: path, text: "Invalid value: \(JSONValue.quoted(value)): \(detail)")
    }

    static func duplicate(_ path: String, _ value: String) -> FieldProblem {
        FieldProblem(path: path, text: "Duplicate value: \(JSONValue.quoted(value))")
    }

    static func tooMany(_ path: String, _ count: Int, atMost: Int) -> FieldProblem {
        FieldProblem(path: path, text: "Too many: \(count): must have at most \(atMost) items")
    }

    /// What strict decoding does not let pass.
    static func decoding(_ path: String, _ detail: String) -> FieldProblem {
        FieldProblem(path: path, text: "strict decoding error: " + detail)
    }
}

extension FieldProblem: CustomStringConvertible {
    var description: String { path.isEmpty ? text : "\(path): \(text)" }
}
