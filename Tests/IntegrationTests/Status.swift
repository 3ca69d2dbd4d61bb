// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// `metav1.Status`, as far as clients read it (k8s.io/apimachinery, pkg/apis/meta/v1/types.go).
struct Status: Decodable {
    let kind: String
    let apiVersion: String
    let status: String
    let message: String
    let reason: String
    let code: Int

    init(_ response: HTTPResponse) throws {
        self = try JSONDecoder().decode(Status.self, from: Data(response.body))
    }

    init(_ text: String) throws {
        self = try JSONDecoder().decode(Status.self, from: Data(text.utf8))
    }

    /// A failure with this code.
    func isFailure(_ code: Int) -> Bool {
        kind == "Status" && apiVersion == "v1" && status == "Failure" && self.code == code && !message.isEmpty
    }
}
