// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A listening socket whose connections stay in the kernel: nothing is ever accepted.
package final class SilentListener: Sendable {
    package let endpoint: Endpoint
    private let descriptor: Int32

    package init(on endpoint: Endpoint = Endpoint("127.0.0.1", 0), backlog: Int32) throws(HarnessError) {
        Harness.prepare()
        let (descriptor, port) = try Sockets.listen(
            on: endpoint.address, port: endpoint.port, backlog: backlog, receiveBuffer: nil)
        self.descriptor = descriptor
        self.endpoint = Endpoint(endpoint.address, port)
    }

    package func close() {
        _ = Foundation.close(descriptor)
    }
}
