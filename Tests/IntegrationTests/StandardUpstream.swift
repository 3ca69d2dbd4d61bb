// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// A well-behaved API server of a few paths; anything else is answered with 200 and the body's length.
enum StandardUpstream {
    static func serve(_ connection: ScriptedConnection) throws {
        while true {
            let head = try connection.readHead()
            switch head.target {
            case "/empty": connection.write("HTTP/1.1 204 No Content\r\n\r\n")
            case "/unchanged":
                // RFC 9110, 15.4.5: a 304 may name the length of what it does not send.
                connection.write("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 5\r\n\r\n")
            case "/hints":
                connection.write("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
                connection.answer(body: "after the hint")
            case "/continue":
                connection.write("HTTP/1.1 100 Continue\r\n\r\n")
                try answerWithCount(head, connection)
            case "/refuses":
                connection.answer("413 Content Too Large", fields: ["Connection: close"], body: "too large")
                connection.readUntilClose()
                return
            case "/chunks":
                connection.write(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
                for part in ["one,", "two,", "three"] { connection.writeChunk(part) }
                connection.write("0\r\nX-Sum: 3\r\n\r\n")
            case "/until-close":
                connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end")
                return
            case "/cut":
                connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                connection.writeChunk("not all")
                return
            default: try answerWithCount(head, connection)
            }
        }
    }

    private static func answerWithCount(_ head: HTTPHead, _ connection: ScriptedConnection) throws {
        var count = 0
        let trailers = try connection.readBody(of: head) { count += $0.count }
        let fields = trailers.map { "X-Seen-Trailer: \($0.name)=\($0.value)" }
        if head.method == "HEAD" {
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
        } else {
            connection.answer(fields: fields, body: "\(count)")
        }
    }
}
