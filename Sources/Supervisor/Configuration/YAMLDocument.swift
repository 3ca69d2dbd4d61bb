// SPDX-License-Identifier: Apache-2.0

import Yams

/// A YAML text with exactly one document, as nodes that know their line and column.
///
/// Yams gives up at the first mapping that holds a key twice, and names the place of the first of the two. To report
/// it together with everything else, the earlier key is renamed in the text, character for character so that no
/// place shifts, and the text is read again; `originalKey` then tells the key's real name.
struct YAMLDocument {
    /// The text is no YAML, or not one document.
    struct SyntaxError: Error, Equatable {
        var line: Int
        var column: Int
        var message: String
    }

    let root: Node
    /// Keys that a later key of the same mapping repeats, by their own place.
    private let renamed: [Position: String]

    private struct Position: Hashable {
        var line: Int
        var column: Int

        init(_ mark: Mark) {
            self.line = mark.line
            self.column = mark.column
        }
    }

    init(text: String) throws(SyntaxError) {
        // More repeated keys than this are not worth another reading.
        let readings = 32
        var text = text
        var renamed: [Position: String] = [:]
        for attempt in 1...readings {
            do {
                guard let root = try Yams.compose(yaml: text) else {
                    throw SyntaxError(
                        line: 1, column: 1, message: "the file is empty; write at least `apiVersion` and `kind`")
                }
                self.root = root
                self.renamed = renamed
                return
            } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
                let mark = context.mark
                let key = duplicates.first ?? ""
                guard attempt < readings, let other = Self.renaming(key, at: mark, attempt: attempt, in: text) else {
                    throw SyntaxError(
                        line: mark.line, column: mark.column,
                        message: "the key `\(key)` is written twice in the same mapping; remove one of them")
                }
                text = other
                renamed[Position(mark)] = key
            } catch let error as YamlError {
                throw Self.syntaxError(error)
            } catch let error as SyntaxError {
                throw error
            } catch {
                throw SyntaxError(line: 1, column: 1, message: "not readable as YAML")
            }
        }
        throw SyntaxError(line: 1, column: 1, message: "too many keys are written twice; remove them")
    }

    /// The name of a key as it was written; `isRepeated` when a later key of the mapping has the same name.
    func originalKey(_ key: Node.Scalar) -> (name: String, isRepeated: Bool) {
        if let mark = key.mark, let name = self.renamed[Position(mark)] {
            return (name, true)
        }
        return (key.string, false)
    }

    /// The text with the first character of the key at `mark` replaced by one of Unicode's private use area; nil when
    /// the key does not stand there plainly (an anchor or a tag comes first).
    private static func renaming(_ key: String, at mark: Mark, attempt: Int, in text: String) -> String? {
        var scalars = Array(text.unicodeScalars)
        var line = 1
        var index = 0
        while line < mark.line, index < scalars.count {
            // CR LF ends one line, as does either alone.
            if scalars[index] == "\r", index + 1 < scalars.count, scalars[index + 1] == "\n" {
                index += 1
            }
            if scalars[index] == "\n" || scalars[index] == "\r" {
                line += 1
            }
            index += 1
        }
        index += mark.column - 1
        if index < scalars.count, scalars[index] == "\"" || scalars[index] == "'" {
            index += 1
        }
        let privateUse = 0xE000
        guard index < scalars.count, let first = key.unicodeScalars.first, scalars[index] == first,
            let replacement = Unicode.Scalar(privateUse + attempt)
        else { return nil }
        scalars[index] = replacement
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars)
        return String(result)
    }

    private static func syntaxError(_ error: YamlError) -> SyntaxError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            return SyntaxError(
                line: mark.line, column: mark.column,
                message: "not YAML: \(context.map { "\($0.text), " } ?? "")\(problem); check indentation and quotes")
        case .composer(let context, let problem, let mark, _):
            if context?.text == "expected a single document in the stream" {
                return SyntaxError(
                    line: mark.line, column: mark.column,
                    message: "a second document starts here; write one document to a file")
            }
            return SyntaxError(line: mark.line, column: mark.column, message: "not YAML: \(problem)")
        case .reader(let problem, _, _, _):
            return SyntaxError(line: 1, column: 1, message: "not YAML: \(problem); write UTF-8 text")
        default:
            return SyntaxError(line: 1, column: 1, message: "not readable as YAML")
        }
    }
}
