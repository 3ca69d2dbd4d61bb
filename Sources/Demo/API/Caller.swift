// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOHTTP1

/// Who the API server takes a request's sender for.
struct Caller {
    /// The common name in the gateway's client certificate: the only one that may impersonate.
    static let gatewayName = "lychgate"

    var user: String
    var uid: String
    var groups: [String]
    var extra: [String: [String]]

    /// Takes the client certificate's name and the impersonation headers, as kube-apiserver's impersonation filter does;
    /// a failure says what is wrong with them.
    static func identify(_ request: Request) -> Result<Caller, Refusal> {
        guard let name = request.certificateName else {
            return .failure(Refusal(status: .unauthorized, message: "a client certificate is needed"))
        }
        var caller = Caller(user: name, uid: "", groups: [], extra: [:])
        let impersonation = request.headers.filter { $0.name.lowercased().hasPrefix("impersonate-") }
        guard !impersonation.isEmpty else { return .success(caller) }
        guard name == gatewayName else {
            return .failure(Refusal(status: .forbidden, message: "\(name) may not impersonate"))
        }
        let users = request.headers["impersonate-user"]
        guard users.count == 1, let user = users.first, !user.isEmpty else {
            return .failure(Refusal(status: .badRequest, message: "exactly one Impersonate-User is needed"))
        }
        caller.user = user
        for (name, value) in impersonation {
            let name = name.lowercased()
            switch name {
            case "impersonate-user": break
            case "impersonate-uid": caller.uid = value
            case "impersonate-group": caller.groups.append(value)
            default:
                guard name.hasPrefix("impersonate-extra-") else {
                    return .failure(Refusal(status: .badRequest, message: "unknown header \(name)"))
                }
                let key = String(name.dropFirst("impersonate-extra-".count))
                caller.extra[key.removingPercentEncoding ?? key, default: []].append(value)
            }
        }
        return .success(caller)
    }

    /// Why a request has no caller.
    struct Refusal: Error {
        let status: HTTPResponseStatus
        let message: String
    }

    /// The value as `authentication.k8s.io/v1` `UserInfo`.
    var userInfo: JSON {
        var info: JSON = ["username": .string(user)]
        if !uid.isEmpty { info["uid"] = .string(uid) }
        if !groups.isEmpty { info["groups"] = .array(groups.map { .string($0) }) }
        if !extra.isEmpty { info["extra"] = extraJSON }
        return info
    }

    var extraJSON: JSON {
        .object(extra.mapValues { .array($0.map { .string($0) }) })
    }
}
