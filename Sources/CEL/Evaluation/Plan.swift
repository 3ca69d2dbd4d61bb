// SPDX-License-Identifier: Apache-2.0

/// A checked expression as the evaluator walks it: names resolved, overloads chosen as far as types tell, constant lists
/// and maps built, regular expressions compiled.
indirect enum Plan: Sendable {
    case constant(CELValue)
    /// A variable of the environment, by its full name.
    case variable(String)
    /// A variable of a macro, by its place among those in force.
    case local(Int)
    case select(Plan, field: String, isOptional: Bool)
    case presence(Plan, field: String, isOptional: Bool)
    /// The first overload whose kinds admit the arguments is called.
    case call(function: String, overloads: [Overload], arguments: [Plan])
    case and([Plan])
    case or([Plan])
    case conditional(Plan, Plan, Plan)
    case list([Element])
    case map([Entry])
    case fold(Fold)
    /// What the checker would have refused, were it on.
    case failure(String)

    struct Element: Sendable {
        let value: Plan
        let isOptional: Bool
    }

    struct Entry: Sendable {
        let key: Plan
        let value: Plan
        let isOptional: Bool
    }

    struct Fold: Sendable {
        let kind: FoldKind
        let operand: Plan
        /// Whether two variables are bound: index and element, or key and value.
        let isPair: Bool
        let condition: Plan?
        let result: Plan?
    }
}
