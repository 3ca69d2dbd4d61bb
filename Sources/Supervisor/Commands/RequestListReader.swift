// SPDX-License-Identifier: Apache-2.0

/// Reads the answer to `ps` in exactly the form in which `RequestList.line` writes it: a general decoder takes a third of
/// a second for ten thousand requests. Whatever is written otherwise (by another version, or with an escape in a text) is
/// not read here, and left to the general decoder.
struct RequestListReader {
    private let bytes: [UInt8]
    private var place = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    static func read(_ line: [UInt8]) -> RequestList? {
        var reader = RequestListReader(line)
        return reader.list()
    }

    private mutating func list() -> RequestList? {
        guard skip("{\"requests\":[") else { return nil }
        var requests: [RequestList.Request] = []
        while !skip("]") {
            guard requests.isEmpty || skip(","), let request = request() else { return nil }
            requests.append(request)
        }
        guard skip(",\"total\":"), let total = integer(), skip("}") else { return nil }
        return RequestList(requests: requests, total: Int(clamping: total))
    }

    private mutating func request() -> RequestList.Request? {
        guard skip("{\"id\":"), let id = text(), skip(",\"pid\":"), let pid = integer(), skip(",\"phase\":"),
            let phase = text(), skip(",\"ageSeconds\":"), let age = seconds(), skip(",\"idleSeconds\":"),
            let idle = seconds()
        else { return nil }
        var deadline: Double?
        if skip(",\"deadlineSeconds\":") {
            guard let found = seconds() else { return nil }
            deadline = found
        }
        guard skip(",\"client\":"), let client = text(), skip(",\"user\":"), let user = text(), skip(",\"method\":"),
            let method = text(), skip(",\"path\":"), let path = text(), skip(",\"bytesFromClient\":"),
            let fromClient = integer(), skip(",\"bytesToClient\":"), let toClient = integer()
        else { return nil }
        var stream: UInt32?
        if skip(",\"upstreamStream\":") {
            guard let found = integer() else { return nil }
            stream = UInt32(clamping: found)
        }
        guard let kind = optionalText(",\"class\":"), let verb = optionalText(",\"verb\":"),
            let resource = optionalText(",\"resource\":"), skip("}")
        else { return nil }
        return RequestList.Request(
            id: id, pid: Int32(clamping: pid), phase: phase, ageSeconds: age, idleSeconds: idle,
            deadlineSeconds: deadline, client: client, user: user, method: method, path: path,
            bytesFromClient: fromClient, bytesToClient: toClient,
            upstreamStream: stream, class: kind, verb: verb, resource: resource)
    }

    private mutating func skip(_ literal: String) -> Bool {
        let wanted = literal.utf8.span
        guard wanted.count <= bytes.count - place else { return false }
        for index in wanted.indices where bytes[place + index] != wanted[index] { return false }
        place += wanted.count
        return true
    }

    /// A string without escapes.
    private mutating func text() -> String? {
        guard skip("\"") else { return nil }
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            guard bytes[place] != UInt8(ascii: "\\") else { return nil }
            place += 1
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        return skip("\"") ? text : nil
    }

    /// A member that a gateway of another build may not write; nil: it is there, and not as expected.
    private mutating func optionalText(_ member: String) -> String?? {
        guard skip(member) else { return .some(nil) }
        return text().map { .some($0) }
    }

    private mutating func integer() -> UInt64? {
        var value: UInt64?
        while place < bytes.count, case let digit = bytes[place] &- UInt8(ascii: "0"), digit < 10 {
            let (product, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carried else { return nil }
            value = sum
            place += 1
        }
        return value
    }

    /// Digits with a point among them, and no exponent.
    private mutating func seconds() -> Double? {
        guard let whole = integer(), whole < 1 << 40 else { return nil }
        guard skip(".") else { return Double(whole) }
        let start = place
        guard let fraction = integer(), place - start <= 3 else { return nil }
        var scale: UInt64 = 1
        for _ in start..<place { scale *= 10 }
        return Double(whole * scale + fraction) / Double(scale)
    }
}
