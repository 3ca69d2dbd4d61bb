// SPDX-License-Identifier: Apache-2.0

import Shared

/// What must hold for the parts of `authentication` that ask other services.
extension ConfigurationRules {
    /// kube-apiserver believes a client certificate before any token, so a request that goes on with its own token over
    /// a connection with the gateway's certificate would be served as the gateway itself.
    func checkTokenReview(_ review: TokenReviewConfiguration, _ upstream: UpstreamConfiguration) {
        guard review.mode == .passThrough else { return }
        if upstream.clientCertificateFile != nil || upstream.clientCertificateData != nil {
            self.report.blame(
                "authentication.tokenReview.mode",
                "passThrough and a client certificate towards the API server exclude each other: it would take every"
                    + " request for the gateway's own; write impersonate, or give the gateway a tokenFile instead")
        }
    }

    func checkIntrospection(_ introspection: IntrospectionConfiguration?) {
        guard let introspection else { return }
        let path = "authentication.introspection"
        if let complaint = ServerURL.complaint(aboutEndpoint: introspection.url) {
            self.report.blame("\(path).url", complaint)
        }
        switch (introspection.clientSecretFile, introspection.privateKeyFile) {
        case (nil, nil):
            self.report.blame(
                "\(path).clientSecretFile", "is missing; write the path of the client's secret, or privateKeyFile")
        case (.some, .some):
            self.report.blame(
                "\(path).privateKeyFile", "and clientSecretFile exclude each other; leave one of the two out")
        default: break
        }
        if introspection.privateKeyFile == nil {
            for (key, value) in [
                ("keyID", introspection.keyID), ("assertionAudience", introspection.assertionAudience),
            ] where value != nil {
                self.report.blame("\(path).\(key)", "has no meaning without privateKeyFile; leave it out")
            }
        }
        self.checkFile("\(path).caFile", introspection.caFile)
        self.checkFile("\(path).clientSecretFile", introspection.clientSecretFile)
        self.checkFile("\(path).privateKeyFile", introspection.privateKeyFile)
    }
}
