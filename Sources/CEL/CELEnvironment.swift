// SPDX-License-Identifier: Apache-2.0

/// What expressions are compiled against: variables, object types, functions and the rules of the checker.
package struct CELEnvironment: Sendable {
    /// Types of the variables, by their names, which may have dots in them.
    package let variables: [String: CELType]
    /// Fields of the object types, by the types' names.
    package let objects: [String: [String: CELType]]
    /// The namespace that names are looked up in first, such as "com.example"; Kubernetes has none.
    let container: String
    let options: Options
    let functions: [String: [Overload]]
    let types: [String: CELType]

    /// The rules of the checker.
    package struct Options: Sendable {
        /// Lists and maps as literals hold values of one type only (`dyn()` aside). So in Kubernetes.
        package var homogeneousLiterals = true
        /// `<` and its like between different kinds of numbers. So in Kubernetes.
        package var crossTypeComparisons = true
        /// Field names in backticks. Not in Kubernetes.
        package var quotedFields = false
        /// Whether an expression that the type checker refuses is refused; else it fails as it is evaluated, where
        /// nothing absorbs that. So in Kubernetes.
        package var typeChecking = true

        package init() {}
    }

    package init(
        variables: [String: CELType], objects: [String: [String: CELType]] = [:],
        libraries: Set<CELLibrary> = CELLibrary.kubernetes, container: String = "", options: Options = Options()
    ) {
        self.variables = variables
        self.objects = objects
        self.container = container
        self.options = options
        var functions: [String: [Overload]] = [:]
        var types = StandardLibrary.types
        for overload in StandardLibrary.overloads(crossTypeComparisons: options.crossTypeComparisons) {
            functions[overload.function, default: []].append(overload)
        }
        // In the order of their declaration, so that what an overload is tried before does not depend on a set's order.
        for library in CELLibrary.allCases where libraries.contains(library) {
            for overload in library.overloads { functions[overload.function, default: []].append(overload) }
            for (name, type) in library.typeNames { types[name] = type }
        }
        for name in objects.keys { types[name] = .object(name) }
        self.functions = functions
        self.types = types
        parserOptions = ParserOptions(
            quotedFields: options.quotedFields, sorting: libraries.contains(.lists),
            twoVariables: libraries.contains(.twoVariables), optionals: libraries.contains(.optionals))
    }

    private let parserOptions: ParserOptions

    /// Parses and checks an expression. Throws `CELError.refused`.
    package func compile(_ text: String) throws(CELError) -> CELProgram {
        let expression = try Parser.parse(text, options: parserOptions)
        var checker = Checker(environment: self)
        let checked = checker.check(expression)
        guard checker.issues.isEmpty else { throw .refused(checker.issues) }
        return CELProgram(
            plan: checked.plan, resultType: checker.finalType(checked.type), selected: SelectedFields(of: expression))
    }

    /// The names that a name may stand for, the innermost namespace first (langdef.md, "Name Resolution").
    func candidates(for name: String, isAbsolute: Bool) -> [String] {
        guard !isAbsolute, !container.isEmpty else { return [name] }
        var spaces = container.split(separator: ".")
        var result: [String] = []
        while !spaces.isEmpty {
            result.append(spaces.joined(separator: ".") + "." + name)
            spaces.removeLast()
        }
        return result + [name]
    }
}
