// SPDX-License-Identifier: Apache-2.0

/// A certificate authority for clients, made by the openssl program, and whatever certificates a test wants of it.
package final class ClientAuthority: Sendable {
    /// Its own certificate.
    package let certificate: String
    private let folder: TemporaryFolder

    package struct Pair: Sendable {
        package let certificate: String
        package let key: String
    }

    package init(name: String = "clients") throws {
        folder = try TemporaryFolder()
        certificate = folder.file("ca.crt")
        try openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=\(name)", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout",
            folder.file("ca.key"), "-out", certificate,
        ])
    }

    /// - Parameters:
    ///   - subject: as openssl writes it: `/O=developers/CN=alice`.
    ///   - usage: the extended key usage.
    ///   - days: below zero: it has expired.
    package func issue(
        _ subject: String, as name: String, usage: String = "clientAuth", days: Int = 1
    ) throws -> Pair {
        let pair = Pair(certificate: folder.file(name + ".crt"), key: folder.file(name + ".key"))
        let extensions = try folder.write(name + ".ext", "extendedKeyUsage=\(usage)\nbasicConstraints=CA:FALSE\n")
        let request = folder.file(name + ".csr")
        // Kubernetes' attribute for a uid has no name in openssl.
        let configuration = try folder.write(
            name + ".cnf",
            "oid_section=oids\n[oids]\nkubernetesUID=1.3.6.1.4.1.57683.2\n[req]\ndistinguished_name=dn\n[dn]\n")
        try openssl([
            "req", "-config", configuration, "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-subj", subject, "-keyout", pair.key, "-out", request,
        ])
        try openssl([
            "x509", "-req", "-days", "\(days)", "-in", request, "-CA", certificate, "-CAkey", folder.file("ca.key"),
            "-CAcreateserial", "-extfile", extensions, "-out", pair.certificate,
        ])
        return pair
    }

    /// An authority that this one vouches for.
    package func intermediate(name: String = "intermediate") throws -> ClientAuthority {
        let other = try ClientAuthority(name: name)
        let request = other.folder.file("ca.csr")
        let extensions = try other.folder.write(
            "ca.ext", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
        try openssl([
            "req", "-new", "-key", other.folder.file("ca.key"), "-subj", "/CN=\(name)", "-out", request,
        ])
        try openssl([
            "x509", "-req", "-days", "1", "-in", request, "-CA", certificate, "-CAkey", folder.file("ca.key"),
            "-CAcreateserial", "-extfile", extensions, "-out", other.certificate,
        ])
        return other
    }

    private func openssl(_ arguments: [String]) throws {
        let finished = try ChildProcess.run("openssl", arguments)
        guard finished.succeeded else {
            throw HarnessError.system(call: "openssl \(arguments.joined(separator: " "))", reason: finished.errors)
        }
    }
}
