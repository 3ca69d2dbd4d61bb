// SPDX-License-Identifier: Apache-2.0

/// One request of a simulated client on its stream.
final class HTTP2ClientStream {
    let id: UInt32
    let plan: RequestPlan
    var bodySent = 0
    var window = 65_535
    var isUpstreams = false
    var hasHead = false
    var received = 0
    /// Body bytes that its window was not opened for yet.
    var withheld = 0

    init(_ id: UInt32, _ plan: RequestPlan) {
        self.id = id
        self.plan = plan
    }
}
