// SPDX-License-Identifier: Apache-2.0

import Shared

/// One JSON line for each request that ended, always with the same fields, never with a query or a token in it.
///
/// Lines are gathered and written once a turn, so that a busy worker makes one system call for many. Standard error is
/// a pipe or the journal's socket: when nobody reads it, lines are dropped and counted rather than the loop held.
final class RequestLog {
    private let isOn: Bool
    private var lines: [UInt8] = []
    private(set) var dropped: UInt64 = 0
    private static let maxPending = 65_536

    struct Entry {
        var id: UInt64
        var auditID: AuditID
        var client: SocketAddress
        var method: String
        var path: String
        var user: String
        var status: Int
        var reason: String
        var bytesFromClient: UInt64
        var bytesToClient: UInt64
        var nanoseconds: UInt64
        var isLongRunning: Bool
        var retried: Bool
    }

    init(isOn: Bool) {
        self.isOn = isOn
    }

    var wantsEntries: Bool { isOn }

    func record(_ entry: @autoclosure () -> Entry) {
        guard isOn else { return }
        guard lines.count < Self.maxPending else {
            dropped += 1
            return
        }
        let entry = entry()
        put("{\"msg\":\"request\",\"id\":\(entry.id),\"audit_id\":\"")
        lines.append(contentsOf: entry.auditID.bytes)
        put("\",\"client\":\"\(entry.client)\",\"method\":\"")
        putEscaped(entry.method)
        put("\",\"path\":\"")
        putEscaped(entry.path)
        put("\",\"user\":\"")
        putEscaped(entry.user)
        put("\",\"status\":\(entry.status),\"end\":\"\(entry.reason)\",\"bytes_in\":\(entry.bytesFromClient)")
        put(",\"bytes_out\":\(entry.bytesToClient),\"duration_us\":\(entry.nanoseconds / 1_000)")
        put(",\"long_running\":\(entry.isLongRunning),\"retried\":\(entry.retried)}\n")
    }

    private func put(_ text: String) {
        lines.append(contentsOf: text.utf8)
    }

    private func putEscaped(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5c:
                lines.append(0x5c)
                lines.append(byte)
            case 0..<0x20, 0x7f:
                let digits = Array("0123456789abcdef".utf8)
                put("\\u00")
                lines.append(digits[Int(byte >> 4)])
                lines.append(digits[Int(byte & 15)])
            default: lines.append(byte)
            }
        }
    }

    /// Writes what was gathered.
    func flush() {
        guard !lines.isEmpty else { return }
        StandardErrorLog.write(lines)
        lines.removeAll(keepingCapacity: true)
    }
}
