// SPDX-License-Identifier: Apache-2.0

import Shared

/// The role `check`: looks at what the supervisor cannot, for it links no libssl, and ends.
///
/// Descriptor 5 is the configuration (sealed), descriptor 4 an empty memory file for the report. A line of the report is
/// `SEVERITY<TAB>KEY.PATH<TAB>message`, with the severities `error` and `warning`.
enum CheckService {
    /// - Returns: the exit code: 0 when there are no errors, 78 when there are, 1 when nothing could be looked at.
    static func run() -> Int32 {
        let configuration: GatewayConfiguration
        do {
            configuration = try ConfigurationDocument.decode(try MemoryFile.read(FileDescriptor(owning: 5)))
        } catch {
            return ExitCode.failure
        }
        let findings = Self.findings(in: configuration)
        let report = findings.map { "\($0.severity.rawValue)\t\($0.path)\t\($0.message)\n" }.joined()
        do {
            try MemoryFile.append(Array(report.utf8), to: FileDescriptor(owning: 4))
        } catch {
            return ExitCode.failure
        }
        return findings.contains { $0.severity == .error } ? ExitCode.configuration : ExitCode.success
    }

    struct Finding: Equatable {
        enum Severity: String {
            case error
            case warning
        }

        var severity: Severity
        var path: String
        var message: String
    }

    /// Everything that is wrong with the certificates and keys that the configuration names.
    static func findings(in configuration: GatewayConfiguration) -> [Finding] {
        var findings: [Finding] = []
        for (index, listener) in configuration.listeners.enumerated() {
            guard let tls = listener.tls else { continue }
            let complaints = CertificateCheck.complaints(
                aboutCertificate: .file(tls.certificateFile), key: .file(tls.keyFile))
            findings += complaints.map {
                Self.finding($0, "listeners[\(index)].tls.certificateFile", "listeners[\(index)].tls.keyFile")
            }
            if let path = tls.clientCAFile, let complaint = ClientAuthorities.complaint(about: path) {
                findings.append(
                    Finding(severity: .error, path: "listeners[\(index)].tls.clientCAFile", message: complaint))
            }
        }
        if let tls = configuration.admin?.tls {
            let complaints = CertificateCheck.complaints(
                aboutCertificate: .file(tls.certificateFile), key: .file(tls.keyFile))
            findings += complaints.map { Self.finding($0, "admin.tls.certificateFile", "admin.tls.keyFile") }
        }
        let upstream = configuration.upstream
        if let authorities = Self.source(upstream.certificateAuthorityFile, upstream.certificateAuthorityData),
            let complaint = CertificateCheck.complaint(aboutAuthorities: authorities)
        {
            findings.append(Self.finding(complaint, "upstream.certificateAuthorityFile", ""))
        }
        if let certificate = Self.source(upstream.clientCertificateFile, upstream.clientCertificateData),
            let key = Self.source(upstream.clientKeyFile, upstream.clientKeyData?.exposed)
        {
            findings += CertificateCheck.complaints(aboutCertificate: certificate, key: key).map {
                Self.finding($0, "upstream.clientCertificateFile", "upstream.clientKeyFile")
            }
        }
        if let file = configuration.authentication.oidc?.caFile,
            let complaint = CertificateCheck.complaint(aboutAuthorities: .file(file))
        {
            findings.append(Self.finding(complaint, "authentication.oidc.caFile", ""))
        }
        return findings + Self.findings(in: configuration.authentication)
    }

    /// What is wrong with the file of Kubernetes' own form, field by field.
    private static func findings(in configuration: AuthenticationConfiguration) -> [Finding] {
        let policy = AuthenticationPolicy(configuration)
        let prefix =
            configuration.file == nil ? "authentication.oidc." : AuthenticationConfiguration.KubernetesFile.pathPrefix
        return policy.problems.map { Finding(severity: .error, path: prefix + $0.path, message: Self.line($0.text)) }
            + policy.warnings.map { Finding(severity: .warning, path: prefix + $0.path, message: Self.line($0.text)) }
    }

    /// A report's line is one line.
    private static func line(_ text: String) -> String {
        String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    }

    private static func source(_ file: String?, _ text: String?) -> CertificateCheck.Source? {
        text.map { .text($0) } ?? file.map { .file($0) }
    }

    private static func finding(
        _ complaint: CertificateCheck.Complaint, _ certificatePath: String, _ keyPath: String
    ) -> Finding {
        switch complaint {
        case .certificate(let message): Finding(severity: .error, path: certificatePath, message: message)
        case .soon(let message): Finding(severity: .warning, path: certificatePath, message: message)
        case .key(let message): Finding(severity: .error, path: keyPath, message: message)
        }
    }
}
