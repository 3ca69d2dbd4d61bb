// SPDX-License-Identifier: Apache-2.0

import Shared

/// Fills in the upstream from where Kubernetes clients find theirs: a kubeconfig, or a pod's service account.
struct UpstreamSource {
    let report: LoadReport
    let surroundings: Surroundings

    /// As client-go's `rest.InClusterConfig`: the server from the environment, the CA and the token from the service
    /// account's folder.
    ///
    /// - Parameter path: the setting that is to blame when this is no pod.
    func inCluster(blaming path: String) -> UpstreamConfiguration {
        let host = self.surroundings.environment["KUBERNETES_SERVICE_HOST"] ?? ""
        let port = self.surroundings.environment["KUBERNETES_SERVICE_PORT"] ?? ""
        let place = self.report.place(of: path)
        let folder = self.surroundings.serviceAccountFolder
        var upstream = UpstreamConfiguration(server: "")
        guard !host.isEmpty, !port.isEmpty else {
            self.refuse(
                path, at: place,
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is no pod;"
                    + " name the API server by `server` or `kubeconfig` instead")
            return upstream
        }
        upstream.server = "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        upstream.certificateAuthorityFile = "\(folder)/ca.crt"
        upstream.tokenFile = "\(folder)/token"
        for key in ["server", "certificateAuthorityFile", "tokenFile"] {
            self.report.note("upstream.\(key)", at: place)
        }
        return upstream
    }

    /// - Parameters:
    ///   - file: the kubeconfig's absolute path; nil when it was refused already.
    ///   - context: nil for the file's `current-context`.
    ///   - path: the setting that names the kubeconfig.
    func kubeconfig(_ file: String?, context: String?, blaming path: String) -> UpstreamConfiguration {
        guard let file else {
            self.report.blameSilently("upstream.server")
            return UpstreamConfiguration(server: "")
        }
        let text: String
        do {
            text = try FileProbe.text(of: file)
        } catch {
            self.refuse(path, at: self.report.place(of: path), error.complaint)
            return UpstreamConfiguration(server: "")
        }
        let inner = LoadReport(source: .file(file))
        let upstream = Kubeconfig(file: file, report: inner).upstream(text: text, context: context, note: self.report)
        self.report.adopt(inner, for: path)
        guard let upstream else {
            self.report.blameSilently("upstream.server")
            return UpstreamConfiguration(server: "")
        }
        return upstream
    }

    private func refuse(_ path: String, at place: ConfigurationProblem.Place, _ message: String) {
        self.report.blame(path, at: place, message)
        self.report.blameSilently("upstream.server")
    }
}
