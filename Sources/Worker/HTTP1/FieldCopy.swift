// SPDX-License-Identifier: Apache-2.0

/// Copies field lines as they stand in the head, neighbours in one go.
enum FieldCopy {
    /// Copies the lines of those fields that `passes` lets through.
    @inline(__always)
    static func copy(
        _ fields: FieldTable, from bytes: ByteView, into writer: inout ByteWriter, passes: (Field) -> Bool
    ) {
        var start = 0
        var end = 0
        for index in 0..<fields.count {
            let field = fields[index]
            guard passes(field) else { continue }
            if end != field.name.lowerBound {
                if end > start { writer.append(bytes[ByteRange(from: start, to: end)]) }
                start = field.name.lowerBound
            }
            end = Int(field.lineEnd)
        }
        if end > start { writer.append(bytes[ByteRange(from: start, to: end)]) }
    }
}
