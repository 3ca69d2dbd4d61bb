// SPDX-License-Identifier: Apache-2.0

import Shared
import Testing

@testable import Worker

@Suite struct CertificateCheckTests {
    struct Pair: Sendable {
        let certificate: String
        let key: String
        let complaints: [CertificateCheck.Complaint]
    }

    @Test(arguments: [
        Pair(certificate: CertificateFixtures.certificate, key: CertificateFixtures.key, complaints: []),
        Pair(
            certificate: CertificateFixtures.certificate, key: CertificateFixtures.otherKey,
            complaints: [.key("is not the certificate's key; write the key that the certificate was made for")]),
        Pair(
            certificate: CertificateFixtures.expiredCertificate, key: CertificateFixtures.key,
            complaints: [.certificate("the certificate expired on 2020-02-01; write one that is in date")]),
        Pair(
            certificate: CertificateFixtures.futureCertificate, key: CertificateFixtures.key,
            complaints: [.soon("the certificate is not valid before 2120-01-01")]),
        Pair(
            certificate: CertificateFixtures.weakCertificate, key: CertificateFixtures.weakKey,
            complaints: [.certificate("OpenSSL does not accept the certificate: ee key too small")]),
        Pair(
            certificate: CertificateFixtures.certificate, key: CertificateFixtures.encryptedKey,
            complaints: [
                .key("the private key is encrypted; write a file with the key in the clear, mode 0600")
            ]),
        Pair(
            certificate: CertificateFixtures.certificate, key: CertificateFixtures.certificate,
            complaints: [.key("holds no private key; write a PEM file with one")]),
        Pair(
            certificate: "text", key: CertificateFixtures.key,
            complaints: [.certificate("holds no certificate; write a PEM file with one")]),
        Pair(
            certificate: CertificateFixtures.certificate
                + "\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            key: CertificateFixtures.key, complaints: [.certificate("certificate 2 does not parse; write PEM text")]),
    ])
    func pairs(_ pair: Pair) {
        let found = CertificateCheck.complaints(aboutCertificate: .text(pair.certificate), key: .text(pair.key))
        #expect(found == pair.complaints)
    }

    @Test func authorities() {
        let good = CertificateFixtures.certificate
        let expired = CertificateFixtures.expiredCertificate
        #expect(CertificateCheck.complaint(aboutAuthorities: .text("\(good)\n\(expired)\n")) == nil)
        #expect(
            CertificateCheck.complaint(aboutAuthorities: .text(expired)) == .soon("every certificate in it has expired")
        )
        #expect(
            CertificateCheck.complaint(aboutAuthorities: .text(""))
                == .certificate(
                    "holds no certificate; write a PEM file with at least one"))
        #expect(CertificateCheck.complaint(aboutAuthorities: .file("/nonexistent")) == .certificate("cannot be opened"))
    }

    @Test func findingsNameTheSetting() {
        var upstream = UpstreamConfiguration(server: "https://h")
        upstream.certificateAuthorityData = CertificateFixtures.certificate
        upstream.clientCertificateData = CertificateFixtures.certificate
        upstream.clientKeyData = SecretText(CertificateFixtures.otherKey)
        let configuration = GatewayConfiguration(
            listeners: [
                ListenerConfiguration(address: "127.0.0.1:1", tls: nil),
                ListenerConfiguration(
                    address: nil, tls: .init(certificateFile: "/nonexistent", keyFile: "/nonexistent")),
            ],
            upstream: upstream,
            authentication: .init(oidc: .init(issuerURL: "https://i", clientID: "c", caFile: "/nonexistent")))
        #expect(
            CheckService.findings(in: configuration) == [
                .init(severity: .error, path: "listeners[1].tls.certificateFile", message: "cannot be opened"),
                .init(
                    severity: .error, path: "upstream.clientKeyFile",
                    message: "is not the certificate's key; write the key that the certificate was made for"),
                .init(severity: .error, path: "authentication.oidc.caFile", message: "cannot be opened"),
            ])
    }
}
