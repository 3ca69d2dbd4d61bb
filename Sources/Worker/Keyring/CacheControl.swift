// SPDX-License-Identifier: Apache-2.0

/// How long an answer may be kept, by its Cache-Control fields (RFC 9111 section 5.2.2).
enum CacheControl {
    /// nil: the fields say nothing of it. An answer that is not to be kept has no time at all.
    static func maxAge(_ fields: [String]) -> Duration? {
        var result: Duration?
        for directive in fields.flatMap({ $0.split(separator: ",") }) {
            let parts = directive.split(separator: "=", maxSplits: 1).map { part in
                String(part.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
            }
            let seconds: Int64
            switch parts.first?.lowercased() {
            case "no-store", "no-cache": seconds = 0
            case "max-age":
                let text = parts.count == 2 ? parts[1].filter { $0 != "\"" } : ""
                guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
                else { continue }
                // What is too large to be read is a long time.
                seconds = min(Int64(text) ?? .max, 31_536_000)
            default: continue
            }
            result = min(result ?? .seconds(seconds), .seconds(seconds))
        }
        return result
    }
}
