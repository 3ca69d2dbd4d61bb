// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// An API server that answers TokenReviews and SubjectAccessReviews by rules of its own, or never; everything else as
/// `StandardUpstream` does.
final class ReviewingUpstream: Sendable {
    static let access = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    static let tokens = "/apis/authentication.k8s.io/v1/tokenreviews"

    private let hanging = Cell(false)
    private let questions = Cell<[String]>([])

    /// Takes reviews and never answers them.
    var hangs: Bool {
        get { hanging.value }
        set { hanging.value = newValue }
    }

    /// The bodies of all reviews so far.
    var asked: [String] { questions.value }

    func serve(_ connection: ScriptedConnection) throws {
        while true {
            let head = try connection.readHead()
            var body: [UInt8] = []
            try connection.readBody(of: head) { body += $0 }
            switch head.target {
            case Self.access, Self.tokens:
                let question = String(decoding: body, as: UTF8.self)
                questions.update { $0.append(question) }
                if hangs { return connection.readUntilClose() }
                let status = head.target == Self.access ? Self.permission(body) : Self.user(body)
                connection.answer(
                    "201 Created", fields: ["Content-Type: application/json"], body: #"{"status":\#(status)}"#)
            case let target where target.contains("/watch/"):
                connection.write(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                while connection.wire.waitForPeerClose(by: .after(.milliseconds(50))) == nil {
                    connection.writeChunk("{\"type\":\"BOOKMARK\"}\n")
                }
                return connection.waitForPeerClose()
            case let target where target.contains("/exec"):
                connection.write(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
                return connection.readUntilClose()
            default: connection.answer(body: "served")
            }
        }
    }

    private static func spec(_ body: [UInt8]) -> [String: Any] {
        let document = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        return document?["spec"] as? [String: Any] ?? [:]
    }

    static let serviceAccount = "system:serviceaccount:web:front"

    private static func claims(of token: String) -> [String: Any] {
        let parts = token.split(separator: ".")
        guard parts.count == 3 else { return [:] }
        let text = parts[1].replacing("-", with: "+").replacing("_", with: "/")
        let padded = text + String(repeating: "=", count: (4 - text.count % 4) % 4)
        guard let data = Data(base64Encoded: String(padded)) else { return [:] }
        return (try? JSONSerialization.jsonObject(with: data) as? [String: Any]) ?? [:]
    }

    /// Everything is allowed but the user `root`, the group `admins` and the extra `secret`.
    private static func permission(_ body: [UInt8]) -> String {
        let attributes = spec(body)["resourceAttributes"] as? [String: String] ?? [:]
        let isDenied =
            switch attributes["resource"] {
            case "users": attributes["name"] == "root"
            case "groups": attributes["name"] == "admins"
            case "userextras": attributes["subresource"] == "secret"
            default: false
            }
        return #"{"allowed":\#(!isDenied)}"#
    }

    /// `api-token-NAME` is NAME's, and a JWT that says so is a service account's, whoever has signed it.
    private static func user(_ body: [UInt8]) -> String {
        guard let token = spec(body)["token"] as? String else { return #"{"authenticated":false}"# }
        if claims(of: token)["sub"] as? String == serviceAccount {
            return #"{"authenticated":true,"user":{"username":"\#(serviceAccount)"}}"#
        }
        guard token.hasPrefix("api-token-") else { return #"{"authenticated":false}"# }
        return """
            {"authenticated":true,"audiences":["api"],"user":{"username":"\(token.dropFirst(10))","uid":"u-1",\
            "groups":["robots","system:authenticated"],"extra":{"example.com/pod":["p-1"]}}}
            """
    }
}
