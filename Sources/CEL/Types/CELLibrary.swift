// SPDX-License-Identifier: Apache-2.0

/// A set of functions and macros that an environment may have besides the language's own.
package enum CELLibrary: CaseIterable, Sendable {
    /// `optional.of` and the other functions, syntax and macros of cel-go's OptionalTypes.
    case optionals
    /// ext.Strings of version 2, which is Kubernetes'.
    case strings
    /// What ext.Strings has had since version 3: `reverse`.
    case stringsReverse
    /// ext.Lists of version 3.
    case lists
    /// ext.Sets.
    case sets
    /// ext.Math. Not in Kubernetes.
    case math
    /// ext.TwoVarComprehensions.
    case twoVariables
    /// Kubernetes' lists: isSorted, sum, min, max, indexOf, lastIndexOf.
    case kubernetesLists
    /// Kubernetes' find and findAll.
    case regex
    case urls
    case ip
    case cidr
    case quantity
    case format
    case semver

    /// What kube-apiserver 1.36's base environment has (k8s.io/apiserver/pkg/cel/environment/base.go), but for authz,
    /// whose functions need the variable `authorizer`, which no authentication expression has.
    ///
    /// Known differences, all towards refusing or failing: `indexOf` and `lastIndexOf` from a place beyond the end fail as
    /// the specification has it, where cel-go yields -1; `%e` and `%f` of `format` follow the specification, not the
    /// prose of ext.Strings 2 ("1.5 × 10⁰³"); `double()` of a hexadecimal number and messages (`Type{field: value}`) are
    /// refused; "Local" is no time zone.
    package static let kubernetes: Set<CELLibrary> = Set(allCases).subtracting([.stringsReverse, .math])

    var overloads: [Overload] {
        switch self {
        case .optionals: OptionalLibrary.overloads
        case .strings: StringLibrary.overloads
        case .stringsReverse: StringLibrary.reverse
        case .lists: ListLibrary.overloads
        case .sets: SetLibrary.overloads
        case .math: MathLibrary.overloads
        case .twoVariables: []
        case .kubernetesLists: KubernetesListLibrary.overloads
        case .regex: RegexLibrary.overloads
        case .urls: URLLibrary.overloads
        case .ip: IPLibrary.overloads
        case .cidr: CIDRLibrary.overloads
        case .quantity: QuantityLibrary.overloads
        case .format: FormatLibrary.overloads
        case .semver: SemverLibrary.overloads
        }
    }

    /// Types that expressions may name once the library is there.
    var typeNames: [(String, CELType)] {
        switch self {
        case .optionals: [("optional_type", .optional(.dyn))]
        case .ip: [("net.IP", .ip)]
        case .cidr: [("net.CIDR", .cidr)]
        case .urls: [("kubernetes.URL", .url)]
        case .quantity: [("kubernetes.Quantity", .quantity)]
        case .format: [("kubernetes.NamedFormat", .format)]
        case .semver: [("kubernetes.Semver", .semver)]
        default: []
        }
    }
}
