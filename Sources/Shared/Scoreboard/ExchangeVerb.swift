// SPDX-License-Identifier: Apache-2.0

/// What a request does, as its row on the scoreboard has it: kube-apiserver's verb of a request for a resource, the method
/// in lower case of any other. New ones go at the end: the number is the layout.
package enum ExchangeVerb: UInt8, CaseIterable, Sendable {
    /// Of a request for a resource by a method that has no verb; and where nobody has said it.
    case none
    case get
    case list
    case watch
    case create
    case update
    case patch
    case delete
    case deletecollection
    case proxy
    case head
    case post
    case put
    case options
    case trace
    /// A method that HTTP itself does not know.
    case other

    /// Empty: there is none.
    package var name: String { Self.names[Int(rawValue)] }

    // Once: to ask a case for its name takes microseconds, and `ps` has ten thousand rows. In the order of their numbers.
    private static let names = allCases.map { $0 == .none ? "" : "\($0)" }
}
