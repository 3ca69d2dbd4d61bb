// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared

/// What commands make of what comes, or does not come, from the control socket. Pure.
enum ControlReply {
    /// Gives the line on if it is an answer; it is not looked at further, since it may be long.
    static func check(_ line: [UInt8]) throws(CommandFailure) -> [UInt8] {
        guard !line.isEmpty else {
            throw CommandFailure(
                "the gateway closed the connection without an answer; it lets root and its own user and group ask")
        }
        if let failure = failure(line) { throw CommandFailure(failure) }
        guard line.first == UInt8(ascii: "{"), line.last == UInt8(ascii: "}") else {
            throw CommandFailure("the gateway's answer ended before its end")
        }
        return line
    }

    /// What an answer that is an error says; no other answer begins as it does.
    static func failure(_ line: [UInt8]) -> String? {
        guard line.starts(with: Array(#"{"error":"#.utf8)) else { return nil }
        return (try? JSONDecoder().decode(ControlFailure.self, from: Data(line)))?.error
    }

    /// What to do about it.
    static func explain(_ error: Errno) -> String {
        switch error {
        case .permissionDenied, .notPermitted: "\(error); be root or in group lychgate"
        case .timedOut: "none came in time; is it busy, or stopped?"
        default: "\(error); is it running?"
        }
    }
}
