// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' IP library (library/ip.go).
enum IPLibrary {
    static var overloads: [Overload] {
        [
            .unary("ip", .string, to: .ip) { (text: String, _: inout Meter) throws(CELError) in
                guard let address = IPAddress(text) else { throw .failed("string is no IP address") }
                return .ip(address)
            },
            .unary("isIP", .string, to: .bool) { (text: String, _: inout Meter) throws(CELError) in
                .bool(IPAddress(text) != nil)
            },
            .unary("ip.isCanonical", .string, to: .bool) { (text: String, _: inout Meter) throws(CELError) in
                guard let address = IPAddress(text) else { throw .failed("string is no IP address") }
                return .bool(address.text == text)
            },
            .unary("string", .ip, to: .string) { (ip: IPAddress, _: inout Meter) throws(CELError) in .string(ip.text) },
            .unary("family", isMember: true, .ip, to: .int) { (ip: IPAddress, _: inout Meter) throws(CELError) in
                .int(ip.isV4 ? 4 : 6)
            },
            test("isUnspecified") { $0.isUnspecified },
            test("isLoopback") { $0.isLoopback },
            test("isLinkLocalMulticast") { $0.isLinkLocalMulticast },
            test("isLinkLocalUnicast") { $0.isLinkLocalUnicast },
            test("isGlobalUnicast") { $0.isGlobalUnicast },
        ]
    }

    private static func test(_ function: String, _ body: @escaping @Sendable (IPAddress) -> Bool) -> Overload {
        .unary(function, isMember: true, .ip, to: .bool) { (ip: IPAddress, _: inout Meter) throws(CELError) in
            .bool(body(ip))
        }
    }
}

extension IPAddress: Argument {
    static func from(_ value: CELValue) -> IPAddress? { if case .ip(let value) = value { value } else { nil } }
}
