// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A client that writes bytes of its own making and can leave in any way.
package final class RawClient: @unchecked Sendable {
    package let wire: Wire
    package let reader: HTTPReader

    private init(_ wire: Wire) {
        self.wire = wire
        reader = HTTPReader(wire)
    }

    /// Connects by TCP alone, from the address `source` if it is given; a small `receiveBuffer` brings back-pressure
    /// early. (Below a loopback segment of 64 KiB the kernel falls back on its timers, and everything crawls.)
    package static func connect(
        to endpoint: Endpoint, from source: String? = nil, receiveBuffer: Int32? = nil,
        by deadline: Deadline = .after(.seconds(10))
    ) throws(HarnessError) -> RawClient {
        Harness.prepare()
        return RawClient(
            Wire(
                descriptor: try Sockets.connect(
                    to: endpoint.address, port: endpoint.port, from: source, receiveBuffer: receiveBuffer,
                    by: deadline)))
    }

    /// Connects with TLS, checking the certificate against the address.
    package static func connect(
        to endpoint: Endpoint, tls: TLSContext, receiveBuffer: Int32? = nil,
        by deadline: Deadline = .after(.seconds(10))
    ) throws(HarnessError) -> RawClient {
        let client = try connect(to: endpoint, receiveBuffer: receiveBuffer, by: deadline)
        try client.startTLS(tls, serverName: endpoint.address, by: deadline)
        return client
    }

    package func startTLS(_ context: TLSContext, serverName: String, by deadline: Deadline) throws(HarnessError) {
        guard wire.startTLS(context, serverName: serverName, by: deadline) else {
            throw .unexpected("the TLS handshake failed")
        }
    }

    /// Writes a head, and nothing that was not asked for but Host.
    package func send(
        _ method: String = "GET", _ target: String, token: String? = nil, fields: [String] = [], body: String? = nil
    ) {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: gateway.test\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        for field in fields { head += field + "\r\n" }
        if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
        wire.write(head + "\r\n" + (body ?? ""))
    }

    /// One request and its whole answer.
    package func request(
        _ method: String = "GET", _ target: String, token: String? = nil, fields: [String] = [], body: String? = nil,
        by deadline: Deadline = .after(.seconds(20))
    ) throws(ConnectionEnded) -> HTTPResponse {
        send(method, target, token: token, fields: fields, body: body)
        return try reader.readResponse(to: method, by: deadline)
    }

    /// Waits for the connection's end, dropping what comes before it; nil when the deadline passed first.
    package func drain(by deadline: Deadline) -> Wire.Received? {
        while true {
            switch wire.read(by: deadline) {
            case .bytes: continue
            case .timedOut: return nil
            case let end: return end
            }
        }
    }
}

/// An IPv4 address and a port.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let address: String
    package let port: UInt16

    package init(_ address: String, _ port: UInt16) {
        self.address = address
        self.port = port
    }

    package var description: String { "\(address):\(port)" }

    /// One that nobody listens on now.
    package static func free(on address: String = "127.0.0.1") throws(HarnessError) -> Endpoint {
        let (descriptor, port) = try Sockets.listen(on: address, port: 0, backlog: 1, receiveBuffer: nil)
        _ = Foundation.close(descriptor)
        return Endpoint(address, port)
    }
}
