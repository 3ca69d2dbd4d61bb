// SPDX-License-Identifier: Apache-2.0

/// What type variables stand for, found by making types agree: cel-go's checker/types.go.
struct TypeSubstitution {
    private var bindings: [String: CELType] = [:]

    /// Whether a value of the first type may stand where the second is wanted. Type variables are bound on the way; the
    /// caller keeps a copy to go back to if the answer is no.
    mutating func isAssignable(_ from: CELType, to: CELType) -> Bool {
        if case .parameter(let name) = to {
            return bind(name, to: from)
        }
        if case .parameter(let name) = from {
            return bind(name, to: to)
        }
        if from.isDynamic || to.isDynamic { return true }
        switch (from, to) {
        case (.null, .null), (.null, .timestamp), (.null, .duration), (.null, .object), (.null, .optional): return true
        case (.timestamp, .null), (.duration, .null), (.object, .null), (.optional, .null): return true
        case (.list(let a), .list(let b)), (.optional(let a), .optional(let b)): return isAssignable(a, to: b)
        case (.map(let keyA, let a), .map(let keyB, let b)):
            return isAssignable(keyA, to: keyB) && isAssignable(a, to: b)
        case (.type, .type): return true
        default: return from == to
        }
    }

    private mutating func bind(_ name: String, to type: CELType) -> Bool {
        if type == .parameter(name) { return true }
        guard let bound = bindings[name] else {
            if !isMentioned(name, in: type) { bindings[name] = type }
            return true
        }
        if bound == type { return true }
        guard isAssignable(type, to: bound) else { return false }
        let general = Self.isLessSpecific(type, than: bound) ? type : bound
        if !isMentioned(name, in: general) { bindings[name] = general }
        return true
    }

    private func isMentioned(_ name: String, in type: CELType) -> Bool {
        switch type {
        case .parameter(let other): other == name || (bindings[other].map { isMentioned(name, in: $0) } ?? false)
        case .list(let element), .optional(let element), .type(let element): isMentioned(name, in: element)
        case .map(let key, let value): isMentioned(name, in: key) || isMentioned(name, in: value)
        default: false
        }
    }

    /// Whether a type is as general as another or more.
    static func isLessSpecific(_ type: CELType, than other: CELType) -> Bool {
        if type.isDynamic { return true }
        if case .parameter = type { return true }
        if other.isDynamic { return false }
        switch (type, other) {
        case (_, .parameter): return false
        case (.list(let a), .list(let b)), (.optional(let a), .optional(let b)): return isLessSpecific(a, than: b)
        case (.map(let keyA, let a), .map(let keyB, let b)):
            return isLessSpecific(keyA, than: keyB) && isLessSpecific(a, than: b)
        case (.null, _): return false
        case (_, .null): return true
        default: return type == other
        }
    }

    /// The type with its variables replaced. `final`: those without a meaning become dyn.
    func applied(to type: CELType, final: Bool = false) -> CELType {
        switch type {
        case .parameter(let name):
            if let bound = bindings[name] { return applied(to: bound, final: final) }
            return final ? .dyn : type
        case .list(let element): return .list(applied(to: element, final: final))
        case .map(let key, let value): return .map(applied(to: key, final: final), applied(to: value, final: final))
        case .optional(let element): return .optional(applied(to: element, final: final))
        case .type(let element): return .type(applied(to: element, final: final))
        default: return type
        }
    }
}

extension CELType {
    /// Whether a type variable stands in it.
    var isOpen: Bool {
        switch self {
        case .parameter: true
        case .list(let element), .optional(let element), .type(let element): element.isOpen
        case .map(let key, let value): key.isOpen || value.isOpen
        default: false
        }
    }

    /// The type with its variables renamed by a suffix, so that each use of an overload has its own.
    func renamed(_ suffix: String) -> CELType {
        switch self {
        case .parameter(let name): .parameter(name + suffix)
        case .list(let element): .list(element.renamed(suffix))
        case .map(let key, let value): .map(key.renamed(suffix), value.renamed(suffix))
        case .optional(let element): .optional(element.renamed(suffix))
        case .type(let element): .type(element.renamed(suffix))
        default: self
        }
    }
}
