// SPDX-License-Identifier: Apache-2.0

import Shared

extension HTTP2FieldList {
    /// Fills the list with a request's head that we have written ourselves in HTTP/1's form (`RequestHeadEditor`), and so
    /// need not judge again: Host becomes `:authority`, and what HTTP/2 has no place for is left out (RFC 9113 section
    /// 8.2.2). Returns the head's length; nil: it is not such a head.
    func fill(request bytes: ByteView) -> Int? {
        begin()
        guard let firstSpace = bytes.firstIndex(of: 0x20, from: 0),
            let secondSpace = bytes.firstIndex(of: 0x20, from: firstSpace + 1),
            let feed = bytes.firstIndex(of: 0x0A, from: secondSpace)
        else { return nil }
        var position = feed + 1
        guard let host = try? FieldLine.read(bytes, from: position, refusingTwins: false), host.known == .host else {
            return nil
        }
        append(ByteView(":method"), bytes[ByteRange(from: 0, to: firstSpace)])
        append(ByteView(":scheme"), ByteView("https"))
        append(ByteView(":authority"), bytes[host.value])
        append(ByteView(":path"), bytes[ByteRange(from: firstSpace + 1, to: secondSpace)])
        position = Int(host.lineEnd)
        while position < bytes.count, bytes[position] != 0x0D {
            guard let field = try? FieldLine.read(bytes, from: position, refusingTwins: false) else { return nil }
            position = Int(field.lineEnd)
            switch field.known {
            case .connection, .keepAlive, .transferEncoding, .upgrade, .host: break
            default: append(bytes[field.name], bytes[field.value])
            }
        }
        return position + 2
    }
}
