// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A listening socket whose connections stay in the kernel: nothing is ever accepted.
package final class SilentListener: Sendable {
    package let endpoint: Endpoint
    private let descriptor: Int32

    package init(on address: String = "127.0.0.1", backlog: Int32) throws(HarnessError) {
        Harness.prepare()
        let (descriptor, port) = try Sockets.listen(on: address, port: 0, backlog: backlog, receiveBuffer: nil)
        self.descriptor = descriptor
        endpoint = Endpoint(address, port)
    }

    package func close() {
        _ = Foundation.close(descriptor)
    }
}
