// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

@Suite struct WorkerCheckTests {
    @Test func findingsStandWhereTheSettingWasMade() throws {
        let folder = try ConfigurationFolder(["lychgate.yaml": MinimalConfiguration.text])
        let report = """
            error\tlisteners[0].tls.keyFile\tis not the certificate's key
            warning\tlisteners[0].tls.certificateFile\texpires soon
            garbage

            """
        let findings = WorkerCheck.findings(in: Array(report.utf8), of: try folder.load())
        #expect(
            findings.error?.description
                == "lychgate.yaml:6:46: listeners[0].tls.keyFile: is not the certificate's key")
        #expect(
            findings.warnings.map(\.description) == [
                "lychgate.yaml:6:28: listeners[0].tls.certificateFile: warning: expires soon"
            ])
    }
}
