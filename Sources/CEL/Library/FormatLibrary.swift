// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' format library (library/format.go).
enum FormatLibrary {
    static var overloads: [Overload] {
        let complaints = CELType.optional(.list(.string))
        let named = NamedFormat.allCases.map { format in
            Overload(function: "format.\(format.rawValue)", isMember: false, parameters: [], result: .format) {
                (_: [CELValue], _: inout Meter) throws(CELError) in .format(format)
            }
        }
        return named + [
            .unary("format.named", .string, to: .optional(.format)) { (name: String, _: inout Meter) throws(CELError) in
                .optional(NamedFormat(rawValue: name).map { .format($0) })
            },
            .binary("validate", isMember: true, .format, .string, to: complaints) {
                (format: CELValue, text: String, meter: inout Meter) throws(CELError) in
                guard case .format(let format) = format else { throw .noSuchOverload }
                try meter.work(text.utf8.count)
                return .optional(format.complaint(about: text).map { .list([.string($0)]) })
            },
        ]
    }
}
