// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The folder that holds what the stand-in makes: certificates, keys, tokens and its own addresses.
struct StandInFolder: Sendable {
    let path: String

    var authority: String { file("ca.crt") }
    var apiCertificate: String { file("api.crt") }
    var apiKey: String { file("api.key") }
    var issuerCertificate: String { file("issuer.crt") }
    var issuerTLSKey: String { file("issuer-tls.key") }
    var gatewayCertificate: String { file("gateway.crt") }
    var gatewayKey: String { file("gateway.key") }
    var gatewayClientCertificate: String { file("gateway-client.crt") }
    var gatewayClientKey: String { file("gateway-client.key") }
    /// The keys that tokens are signed with.
    var signingKey: String { file("issuer.key") }
    var curveSigningKey: String { file("issuer-es256.key") }
    /// The ready line, for those who come later.
    var addresses: String { file("stand-in.json") }
    /// A kubeconfig that goes to the stand-in directly, with the gateway's own certificate.
    var directKubeconfig: String { file("direct.kubeconfig") }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes the folder (0700) if it is not there.
    func create() throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Writes a file that others may read, or, `secret`, only its owner (0600 from the first byte on). A file of that
    /// name is replaced in one step, so that a reader never meets half of one.
    func write(_ text: String, to file: String, secret: Bool = false) throws {
        let draft = file + ".new"
        try? FileManager.default.removeItem(atPath: draft)
        let permissions = secret ? 0o600 : 0o644
        guard
            FileManager.default.createFile(
                atPath: draft, contents: nil, attributes: [.posixPermissions: permissions]),
            let handle = FileHandle(forWritingAtPath: draft)
        else { throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: draft]) }
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
        guard unsafe rename(draft, file) == 0 else {
            throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: file])
        }
    }

    func read(_ file: String) throws -> String {
        try String(contentsOfFile: file, encoding: .utf8)
    }

    /// Makes the authority and every certificate the demo needs.
    func makeCertificates() throws {
        let authority = try CertificateAuthority(commonName: "lychgate demo authority")
        try write(authority.pem(), to: self.authority)
        try makeCertificate("lychgate demo API", .localServer, by: authority, apiCertificate, apiKey)
        try makeCertificate("lychgate demo issuer", .localServer, by: authority, issuerCertificate, issuerTLSKey)
        try makeCertificate("lychgate demo gateway", .localServer, by: authority, gatewayCertificate, gatewayKey)
        try makeCertificate(
            Caller.gatewayName, .client, by: authority, gatewayClientCertificate, gatewayClientKey)
    }

    private func makeCertificate(
        _ commonName: String, _ purpose: CertificateAuthority.Purpose, by authority: CertificateAuthority,
        _ certificateFile: String, _ keyFile: String
    ) throws {
        let key = try PrivateKey(generating: .p256)
        try write(key.pem(), to: keyFile, secret: true)
        try write(authority.issue(commonName: commonName, key: key, for: purpose), to: certificateFile)
    }
}
