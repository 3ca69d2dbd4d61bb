// SPDX-License-Identifier: Apache-2.0

/// The files that the demo writes for the gateway and for kubectl.
struct DemoConfiguration {
    let standIn: StandIn
    let gatewayPort: Int

    /// `lychgate.yaml`. Paths are relative to its folder.
    var gateway: String {
        """
        apiVersion: lychgate/v1
        kind: GatewayConfiguration
        listeners:
          - name: main
            address: "127.0.0.1:\(gatewayPort)"
            tls: {certificateFile: gateway.crt, keyFile: gateway.key}
        upstream:
          server: \(standIn.apiURL)
          certificateAuthorityFile: ca.crt
          clientCertificateFile: gateway-client.crt
          clientKeyFile: gateway-client.key
        authentication:
          oidc:
            issuerURL: "\(standIn.issuerURL)"
            clientID: \(TokenClaims.defaultAudience)
            caFile: ca.crt
            usernameClaim: sub
            usernamePrefix: "-"
            groupsClaim: groups
        workers: {count: \(Gateway.workerCount)}
        deadlines: {drain: \(Gateway.drain.milliseconds)ms, hardStop: \(Gateway.hardStop.milliseconds)ms}
        control: {socket: control.sock}

        """
    }

    /// A kubeconfig for alice, who comes through the gateway.
    var kubeconfig: String {
        """
        apiVersion: v1
        kind: Config
        current-context: demo
        contexts: [{name: demo, context: {cluster: gateway, user: alice}}]
        clusters: [{name: gateway, cluster: {server: "https://127.0.0.1:\(gatewayPort)", certificate-authority: ca.crt}}]
        users: [{name: alice, user: {tokenFile: \(standIn.folder.file("token"))}}]

        """
    }
}
