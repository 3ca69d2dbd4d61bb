// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite("A request's trailers out of HTTP/2's fields")
struct TrailerBuilderTests {
    private func build(_ fields: [(String, String)]) -> Result<String, HTTPFault> {
        var builder = TrailerBuilder()
        for (name, value) in fields {
            ByteView.of(Array(name.utf8)) { name in
                ByteView.of(Array(value.utf8)) { value in builder.add(name, value) }
            }
        }
        do throws(HTTPFault) {
            return .success(String(decoding: try builder.finish(), as: UTF8.self))
        } catch {
            return .failure(error)
        }
    }

    @Test("Lines with their CRLF; none are none")
    func form() {
        #expect(build([("x-sum", "7"), ("x-more", "a\tb")]) == .success("x-sum: 7\r\nx-more: a\tb\r\n"))
        #expect(build([]) == .success(""))
    }

    /// A line that became two would be judged, and passed on, as two.
    @Test(
        "What cannot be a trailer is refused",
        arguments: [
            ("x", "a\r\ny: b", HTTPFault.controlByte), ("x", "a\nb", .controlByte), ("x", "a\0", .controlByte),
            ("x\r\ny", "1", .invalidFieldName), ("x: y\r\nz", "1", .invalidFieldName), ("X", "1", .invalidFieldName),
            ("", "1", .invalidFieldName), ("content-length", "5", .forbiddenTrailer),
            ("impersonate-user", "root", .forbiddenTrailer),
            ("x", String(repeating: "y", count: 8_192), .trailersTooLarge),
        ])
    func refused(name: String, value: String, fault: HTTPFault) {
        #expect(build([("x-first", "1"), (name, value), ("x-last", "1")]) == .failure(fault))
    }
}
