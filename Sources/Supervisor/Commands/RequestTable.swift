// SPDX-License-Identifier: Apache-2.0

import Shared

/// `lychgate ps` for people: columns as kubectl's.
enum RequestTable {
    static func text(_ answer: RequestList) -> String {
        let rows = answer.requests.map { request in
            [
                request.id, Self.time(request.ageSeconds), Self.time(request.idleSeconds), request.phase,
                Self.plain(request.class ?? ""), request.client, Self.plain(request.user), "\(request.bytesFromClient)",
                "\(request.bytesToClient)",
                Self.plain(request.verb ?? ""), Self.plain(request.resource ?? ""), Self.plain(request.method),
                Self.plain(request.path),
            ]
        }
        let table = TextTable.text(
            [
                [
                    "ID", "AGE", "IDLE", "PHASE", "CLASS", "CLIENT", "USER", "IN", "OUT", "VERB", "RESOURCE", "METHOD",
                    "PATH",
                ]
            ] + rows)
        let hidden = answer.total - answer.requests.count
        return hidden > 0 ? "\(table)\n… and \(hidden) more" : table
    }

    private static func time(_ seconds: Double) -> String {
        if seconds < 10 {
            let tenths = Int(max(0, seconds) * 10)
            return "\(tenths / 10).\(tenths % 10)s"
        }
        return DurationText.format(.seconds(Int64(min(seconds, 1e9))))
    }

    /// What clients made up goes to a terminal: nothing in it may move the cursor, and every cell holds something.
    private static func plain(_ text: String) -> String {
        if text.isEmpty { return "-" }
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isControl = scalar.properties.generalCategory == .control
                    return isControl || scalar.properties.generalCategory == .format ? "\u{fffd}" : scalar
                }))
    }
}
