// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A stream socket that listens; its owner's only other act is to accept.
package final class ListeningSocket {
    private let descriptor: FileDescriptor

    /// Connections that the kernel queues for one listener; above net.core.somaxconn it takes that (listen(2)).
    package static let backlog: Int32 = 4_096

    /// Binds a TCP address and listens. `[::]` takes IPv4 clients, too, unless `ipv6Only`, whatever the system's
    /// net.ipv6.bindv6only says.
    package init(binding address: SocketAddress, ipv6Only: Bool) throws(Errno) {
        let family = address.family == .ipv6 ? AF_INET6 : AF_INET
        descriptor = FileDescriptor(owning: try Errno.check(lg_socket(family, Int32(SOCK_STREAM.rawValue))))
        _ = try Errno.check(lg_set_option(descriptor.raw, SOL_SOCKET, SO_REUSEADDR, 1))
        if address.family == .ipv6 {
            let value: Int32 = ipv6Only ? 1 : 0
            _ = try Errno.check(lg_set_option(descriptor.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, value))
        }
        var (storage, length) = address.storage
        _ = try Errno.check(unsafe lg_bind(descriptor.raw, &storage, length))
        _ = try Errno.check(lg_listen(descriptor.raw, Self.backlog))
    }

    /// Binds a Unix socket at `path`, which must be free, with mode 0660.
    package init(bindingPath path: String) throws(Errno) {
        descriptor = FileDescriptor(owning: try Errno.check(lg_socket(AF_UNIX, Int32(SOCK_STREAM.rawValue))))
        var address = try Self.unixAddress(path)
        // The mode comes from the umask at bind(2): with chmod afterwards there would be a moment for anyone.
        let previous = umask(0o117)
        let result = unsafe lg_bind(descriptor.raw, &address, UInt32(MemoryLayout<sockaddr_un>.size))
        umask(previous)
        _ = try Errno.check(result)
        _ = try Errno.check(lg_listen(descriptor.raw, 16))
    }

    /// Takes over a socket that listens already (socket activation).
    package init(adopting socket: consuming FileDescriptor) throws(Errno) {
        descriptor = socket
        _ = try Errno.check(lg_set_nonblocking(descriptor.raw))
    }

    /// For the loop to watch; it stays this object's.
    package var raw: Int32 { descriptor.raw }

    /// Where it listens: the real port when 0 was asked for.
    package var localAddress: SocketAddress {
        var storage = sockaddr_storage()
        var length: UInt32 = 0
        guard unsafe lg_getsockname(descriptor.raw, &storage, &length) == 0 else { return .unspecified }
        return SocketAddress(storage)
    }

    /// The next connection, non-blocking and close-on-exec; EAGAIN: none waits. An IPv4 client of a dual-stack socket
    /// has its IPv4 address.
    package func accept(_ peer: inout SocketAddress) throws(Errno) -> FileDescriptor {
        var storage = sockaddr_storage()
        var length: UInt32 = 0
        let raw = try Errno.check(unsafe lg_accept(descriptor.raw, &storage, &length))
        peer = SocketAddress(storage).unmapped
        return FileDescriptor(owning: raw)
    }

    /// Whether somebody accepts at a Unix socket's path: ECONNREFUSED: a socket that its owner left behind; ENOENT:
    /// nothing is there.
    package static func probe(path: String) throws(Errno) {
        let socket = FileDescriptor(owning: try Errno.check(lg_socket(AF_UNIX, Int32(SOCK_STREAM.rawValue))))
        var address = try unixAddress(path)
        let result = unsafe lg_connect(socket.raw, &address, UInt32(MemoryLayout<sockaddr_un>.size))
        // EAGAIN: its backlog is full, so somebody is there.
        if result < 0, result != -EAGAIN { throw Errno(-result) }
    }

    private static func unixAddress(_ path: String) throws(Errno) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        // One byte stays for the NUL.
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw .nameTooLong }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return address
    }
}

extension SocketAddress {
    /// An IPv4 address where this is one mapped into IPv6 (RFC 4291 section 2.5.5.2).
    package var unmapped: SocketAddress {
        guard family == .ipv6, high == 0, low >> 32 == 0xffff else { return self }
        return SocketAddress(family: .ipv4, port: port, high: 0, low: low & 0xffff_ffff)
    }
}
