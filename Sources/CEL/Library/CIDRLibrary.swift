// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' CIDR library (library/cidr.go).
enum CIDRLibrary {
    static var overloads: [Overload] {
        [
            .unary("cidr", .string, to: .cidr) { (text: String, _: inout Meter) throws(CELError) in
                guard let prefix = IPPrefix(text) else { throw .failed("string is no CIDR range") }
                return .cidr(prefix)
            },
            .unary("isCIDR", .string, to: .bool) { (text: String, _: inout Meter) throws(CELError) in
                .bool(IPPrefix(text) != nil)
            },
            .unary("string", .cidr, to: .string) { (prefix: IPPrefix, _: inout Meter) throws(CELError) in
                .string(prefix.text)
            },
            .unary("ip", isMember: true, .cidr, to: .ip) { (prefix: IPPrefix, _: inout Meter) throws(CELError) in
                .ip(prefix.address)
            },
            .unary("masked", isMember: true, .cidr, to: .cidr) { (prefix: IPPrefix, _: inout Meter) throws(CELError) in
                .cidr(prefix.masked)
            },
            .unary("prefixLength", isMember: true, .cidr, to: .int) {
                (prefix: IPPrefix, _: inout Meter) throws(CELError) in .int(Int64(prefix.length))
            },
            .binary("containsIP", isMember: true, .cidr, .ip, to: .bool) {
                (prefix: IPPrefix, ip: IPAddress, _: inout Meter) throws(CELError) in .bool(prefix.contains(ip))
            },
            .binary("containsIP", isMember: true, .cidr, .string, to: .bool) {
                (prefix: IPPrefix, text: String, _: inout Meter) throws(CELError) in
                guard let ip = IPAddress(text) else { throw .failed("string is no IP address") }
                return .bool(prefix.contains(ip))
            },
            .binary("containsCIDR", isMember: true, .cidr, .cidr, to: .bool) {
                (prefix: IPPrefix, other: IPPrefix, _: inout Meter) throws(CELError) in .bool(prefix.contains(other))
            },
            .binary("containsCIDR", isMember: true, .cidr, .string, to: .bool) {
                (prefix: IPPrefix, text: String, _: inout Meter) throws(CELError) in
                guard let other = IPPrefix(text) else { throw .failed("string is no CIDR range") }
                return .bool(prefix.contains(other))
            },
        ]
    }
}

extension IPPrefix: Argument {
    static func from(_ value: CELValue) -> IPPrefix? { if case .cidr(let value) = value { value } else { nil } }
}
