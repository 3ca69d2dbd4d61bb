// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A certificate authority and one server certificate for the loopback addresses and `localhost`, made by the openssl
/// program for each run.
package final class Certificates: Sendable {
    package let authority: String
    package let certificate: String
    package let key: String
    private let folder: TemporaryFolder
    private let clients = Mutex<[TLSContext.Version?: TLSContext]>([:])

    /// One set serves the whole test run.
    package static let shared = Result { try Certificates() }

    package init() throws {
        folder = try TemporaryFolder()
        authority = folder.file("ca.crt")
        certificate = folder.file("server.crt")
        key = folder.file("server.key")
        let names = (["DNS:localhost", "DNS:gateway.test"] + (1...9).map { "IP:127.0.0.\($0)" }).joined(separator: ",")
        try folder.write(
            "extensions",
            "subjectAltName=\(names)\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=lychgate-tests "
                + "-addext keyUsage=critical,keyCertSign,cRLSign -keyout \(folder.file("ca.key")) -out \(authority)")
        try openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout \(key) "
                + "-out \(folder.file("server.csr"))")
        try openssl(
            "x509 -req -days 2 -in \(folder.file("server.csr")) -CA \(authority) -CAkey \(folder.file("ca.key")) "
                + "-CAcreateserial -extfile \(folder.file("extensions")) -out \(certificate)")
    }

    /// A server's context.
    package func server(_ version: TLSContext.Version? = nil) throws -> TLSContext {
        try TLSContext(certificateFile: certificate, keyFile: key, version: version)
    }

    /// A client's context that trusts the authority; made once for each version.
    package func client(_ version: TLSContext.Version? = nil) throws -> TLSContext {
        try clients.withLock { clients in
            if let context = clients[version] { return context }
            let context = try TLSContext(trusting: authority, version: version)
            clients[version] = context
            return context
        }
    }

    /// A context for clients that speak HTTP/2.
    package func http2Client() throws -> TLSContext {
        try TLSContext(trusting: authority, http2: true)
    }

    private func openssl(_ line: String) throws {
        let finished = try ChildProcess.run("openssl", line.split(separator: " ").map(String.init))
        guard finished.succeeded else { throw HarnessError.system(call: "openssl \(line)", reason: finished.errors) }
    }
}
