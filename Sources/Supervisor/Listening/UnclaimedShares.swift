// SPDX-License-Identifier: Apache-2.0

import Shared

/// How many of the places for unclaimed connections one address may take with connections that say nothing: so that no
/// single client, however many it opens, takes them from the others. Pure.
struct UnclaimedShares {
    /// Of the smallest share: a few dozen connections may well be under way at one moment.
    static let least = 16

    /// Of an ordinary address, and of one that is exempt from the limits on addresses: it may speak for many clients.
    let ordinary: Int
    let exempt: Int
    private var counts: [SocketAddress: Int] = [:]

    init(capacity: Int) {
        ordinary = min(capacity, max(Self.least, capacity / 8))
        exempt = min(capacity, max(Self.least, capacity / 2))
    }

    /// Whether one more of this address may be kept.
    func admits(_ peer: SocketAddress, isExempt: Bool) -> Bool {
        guard let host = Self.host(of: peer), let count = counts[host] else { return true }
        return count < (isExempt ? exempt : ordinary)
    }

    mutating func taken(by peer: SocketAddress) {
        guard let host = Self.host(of: peer) else { return }
        counts[host, default: 0] += 1
    }

    mutating func given(backBy peer: SocketAddress) {
        guard let host = Self.host(of: peer), let count = counts[host] else { return }
        counts[host] = count > 1 ? count - 1 : nil
    }

    /// What counts as one address: an IPv4 address, or an IPv6 /64, which is what one host is given; nil: neither.
    static func host(of peer: SocketAddress) -> SocketAddress? {
        let peer = peer.unmapped
        switch peer.family {
        case .ipv4: return AddressRange.prefix(of: peer, 32)
        case .ipv6: return AddressRange.prefix(of: peer, 64)
        case .unix, .unspecified: return nil
        }
    }
}
