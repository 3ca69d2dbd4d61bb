// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Shared

/// An identity provider made of files, served over https by `openssl s_server -WWW`.
final class FileProvider {
    let url: String
    let caFile: String
    private let folder: String
    private let server: ChildProcess

    static var isPossible: Bool { unsafe access("/usr/bin/openssl", X_OK) == 0 }

    init() throws(Errno) {
        var template = Array("/tmp/lychgate-keyring-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Errno(ENOENT) }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        caFile = folder + "/certificate.pem"
        let port = try Self.freePort()
        url = "https://127.0.0.1:\(port)"
        _ = unsafe mkdir(folder + "/.well-known", 0o700)
        let request = try Self.openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=keyring test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out",
            "certificate.pem", in: folder)
        while request.reap() == nil { usleep(1_000) }
        server = try Self.openssl(
            "s_server", "-quiet", "-WWW", "-accept", "127.0.0.1:\(port)", "-cert", "certificate.pem", "-key",
            "key.pem", in: folder)
        write(".well-known/openid-configuration", #"{"issuer":"\#(url)","jwks_uri":"\#(url)/keys"}"#)
    }

    deinit {
        server.signal(SIGTERM)
        while server.reap() == nil { usleep(1_000) }
        for name in ["keys", "key.pem", "certificate.pem", ".well-known/openid-configuration"] {
            _ = unsafe unlink(folder + "/" + name)
        }
        _ = unsafe rmdir(folder + "/.well-known")
        _ = unsafe rmdir(folder)
    }

    func publish(_ keys: [TestIssuer.Key]) {
        write("keys", #"{"keys":[\#(keys.map(\.jwk).joined(separator: ","))]}"#)
    }

    func write(_ name: String, _ text: String) {
        guard let file = unsafe fopen(folder + "/" + name, "w") else { return }
        _ = unsafe fputs(text, file)
        unsafe fclose(file)
    }

    private static func openssl(_ arguments: String..., in folder: String) throws(Errno) -> ChildProcess {
        // env(1) changes the folder, which posix_spawn cannot; timeout(1) ends it if the test dies.
        try ChildProcess.spawn(
            path: "/usr/bin/env", arguments: ["-C", folder, "/usr/bin/timeout", "60", "/usr/bin/openssl"] + arguments,
            descriptors: [])
    }

    /// A port that was free a moment ago.
    private static func freePort() throws(Errno) -> UInt16 {
        let socket = FileDescriptor(owning: try Errno.check(lg_socket(AF_INET, Int32(SOCK_STREAM.rawValue))))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        _ = try Errno.check(unsafe lg_bind(socket.raw, &address, UInt32(MemoryLayout<sockaddr_in>.size)))
        var storage = sockaddr_storage()
        var length = UInt32(MemoryLayout<sockaddr_storage>.size)
        _ = try Errno.check(unsafe lg_getsockname(socket.raw, &storage, &length))
        return unsafe withUnsafeBytes(of: &storage) { unsafe $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self) }
            .bigEndian
    }
}
