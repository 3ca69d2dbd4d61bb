// SPDX-License-Identifier: Apache-2.0

import Shared

/// What the API server is told of how a request came: `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded` (RFC 7239).
///
/// They are written anew, and what a client sent of the kind is dropped, unless its peer is one of the listener's trusted
/// proxies: then its lists go on, with that peer added. `X-Forwarded-Port` and the like, and `X-Real-IP`, which nobody
/// adds to, are dropped in any case. A client connection has one.
struct Forwarding {
    /// From `X-Forwarded-For` to the place of the host in `Forwarded`.
    private let lines: [UInt8]
    /// The last of it: this hop's element of `Forwarded`, to the place of the host.
    private let element: [UInt8]
    private let address: [UInt8]
    private let scheme: StaticString
    private let trustsPeer: Bool

    init(peer: SocketAddress, isTLS: Bool, trustsPeer: Bool) {
        let host = peer.host
        address = Array(host.utf8)
        scheme = isTLS ? "https" : "http"
        self.trustsPeer = trustsPeer
        element = Array("for=\(Self.node(peer));proto=\(scheme);host=\"".utf8)
        lines =
            Array("X-Forwarded-For: \(host)\r\nX-Forwarded-Proto: \(scheme)\r\nForwarded: ".utf8) + element
    }

    /// Room for everything but what the client sent itself.
    var room: Int { lines.count + 2 * address.count + 160 }

    /// An IPv6 address has brackets, and therefore quotes (RFC 7239 section 6).
    private static func node(_ peer: SocketAddress) -> String {
        peer.family == .ipv6 ? "\"[\(peer.host)]\"" : peer.host
    }

    /// Writes the lines for a request whose fields are in the table.
    func write(_ head: RequestHead, fields: FieldTable, from bytes: ByteView, into writer: inout ByteWriter) {
        guard trustsPeer, head.isForwarded else {
            ByteView.of(lines) { writer.append($0) }
            writer.append(bytes[head.host])
            writer.append("\"\r\nX-Forwarded-Host: ")
            writer.append(bytes[head.host])
            writer.append("\r\n")
            return
        }
        writer.append("X-Forwarded-For: ")
        writeList("x-forwarded-for", fields, bytes, &writer)
        ByteView.of(address) { writer.append($0) }
        writer.append("\r\nX-Forwarded-Proto: ")
        if let told = Self.value("x-forwarded-proto", fields, bytes),
            bytes.equals(told, ignoringCase: "https") || bytes.equals(told, ignoringCase: "http")
        {
            writer.append(bytes[told])
        } else {
            writer.append(scheme)
        }
        writer.append("\r\nForwarded: ")
        writeList("forwarded", fields, bytes, &writer)
        ByteView.of(element) { writer.append($0) }
        writer.append(bytes[head.host])
        writer.append("\"\r\nX-Forwarded-Host: ")
        if let told = Self.value("x-forwarded-host", fields, bytes), HostField.isValid(told, in: bytes) {
            writer.append(bytes[told])
        } else {
            writer.append(bytes[head.host])
        }
        writer.append("\r\n")
    }

    /// The elements of all fields of that name, each with what separates it from the next.
    private func writeList(
        _ name: StaticString, _ fields: FieldTable, _ bytes: ByteView, _ writer: inout ByteWriter
    ) {
        for index in 0..<fields.count {
            let field = fields[index]
            guard field.known == .forwarded, !field.value.isEmpty, bytes.equals(field.name, fieldName: name) else {
                continue
            }
            writer.append(bytes[field.value])
            writer.append(", ")
        }
    }

    /// The first value of that name.
    private static func value(_ name: StaticString, _ fields: FieldTable, _ bytes: ByteView) -> ByteRange? {
        for index in 0..<fields.count
        where fields[index].known == .forwarded && bytes.equals(fields[index].name, fieldName: name) {
            return fields[index].value
        }
        return nil
    }
}
