// SPDX-License-Identifier: Apache-2.0

@testable import Worker

/// Runs the codec on arrays, so that tests need no pointers.
enum CodecHarness {
    /// Calls `body` with a view of `bytes`.
    static func view<Result>(_ bytes: [UInt8], _ body: (ByteView) -> Result) -> Result {
        unsafe bytes.withUnsafeBytes { buffer in
            let view = unsafe ByteView(buffer)
            return body(view)
        }
    }

    /// What `body` writes into a buffer of `capacity` bytes, and whether it did not fit.
    static func written(
        capacity: Int = 65_536, _ body: (inout ByteWriter) -> Void
    ) -> (bytes: [UInt8], overflowed: Bool) {
        var storage = [UInt8](repeating: 0xEE, count: capacity + 16)
        let end = unsafe storage.withUnsafeMutableBytes { buffer in
            var writer = unsafe ByteWriter(UnsafeMutableRawBufferPointer(rebasing: buffer[..<capacity]))
            body(&writer)
            return (position: writer.position, overflowed: writer.overflowed)
        }
        precondition(storage[capacity...].allSatisfy { $0 == 0xEE }, "wrote behind the end")
        return (Array(storage[..<end.position]), end.overflowed)
    }

    static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// Parses a request that is there all at once.
    static func request(_ bytes: [UInt8], limits: HeadLimits = HeadLimits()) -> RequestParse {
        view(bytes) { view in
            var scan = HeadScan()
            return RequestHeadParser.parse(
                view, scan: &scan, into: FieldTable(capacity: limits.fields), limits: limits)
        }
    }

    static func request(_ text: String, limits: HeadLimits = HeadLimits()) -> RequestParse {
        request(Array(text.utf8), limits: limits)
    }

    /// The head of a request that must be right.
    static func head(_ text: String) -> RequestHead? {
        guard case .complete(let head) = request(text) else { return nil }
        return head
    }

    /// The fault of a request that must be wrong.
    static func fault(_ text: String, limits: HeadLimits = HeadLimits()) -> HTTPFault? {
        guard case .refused(let fault) = request(text, limits: limits) else { return nil }
        return fault
    }

    /// Parses a response that is there all at once.
    static func response(_ text: String, to method: HTTPMethod = .get) -> ResponseParse {
        view(Array(text.utf8)) { view in
            var scan = HeadScan()
            let limits = HeadLimits()
            return ResponseHeadParser.parse(
                view, scan: &scan, into: FieldTable(capacity: limits.fields), limits: limits, to: method)
        }
    }

    /// The text at a range.
    static func text(_ range: ByteRange, of text: String) -> String {
        let bytes = Array(text.utf8)
        return CodecHarness.text(Array(bytes[range.lowerBound..<range.upperBound]))
    }

    /// What a request becomes on its way upstream; nil if it is refused or does not fit.
    static func forwarded(
        _ request: String, authority: String = "upstream:6443", block: String = "", tunnel: Bool = false,
        capacity: Int = 65_536
    ) -> String? {
        var done = false
        let out = view(Array(request.utf8)) { bytes in
            view(Array(authority.utf8)) { authority in
                view(Array(block.utf8)) { block in
                    written(capacity: capacity) { writer in
                        var scan = HeadScan()
                        let limits = HeadLimits()
                        let table = FieldTable(capacity: limits.fields)
                        guard
                            case .complete(let head) = RequestHeadParser.parse(
                                bytes, scan: &scan, into: table, limits: limits)
                        else { return }
                        let editor = RequestHeadEditor(authority: authority, block: block, tunnel: tunnel)
                        done = editor.write(head, fields: table, from: bytes, into: &writer)
                    }
                }
            }
        }
        return done ? text(out.bytes) : nil
    }

    /// What a response becomes on its way to the client; nil if it is refused or does not fit.
    static func relayed(
        _ response: String, to method: HTTPMethod = .get, minorVersion: UInt8 = 1, close: Bool = false
    ) -> String? {
        var done = false
        let out = view(Array(response.utf8)) { bytes in
            written { writer in
                var scan = HeadScan()
                let limits = HeadLimits()
                let table = FieldTable(capacity: limits.fields)
                guard
                    case .complete(let head) = ResponseHeadParser.parse(
                        bytes, scan: &scan, into: table, limits: limits, to: method)
                else { return }
                let editor = ResponseHeadEditor(
                    framing: ResponseHeadEditor.framing(of: head, minorVersion: minorVersion), close: close,
                    minorVersion: minorVersion)
                done = editor.write(head, fields: table, from: bytes, into: &writer)
            }
        }
        return done ? text(out.bytes) : nil
    }
}
