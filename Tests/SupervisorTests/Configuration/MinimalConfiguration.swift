// SPDX-License-Identifier: Apache-2.0

/// The least that passes all checks, in lines that tests replace one at a time, so that places stay countable.
enum MinimalConfiguration {
    /// Line numbers stand at the right.
    static let lines = [
        "apiVersion: lychgate/v1",  // 1
        "kind: GatewayConfiguration",  // 2
        "listeners:",  // 3
        "  - name: main",  // 4
        "    address: 127.0.0.1:8443",  // 5
        "    tls: {certificateFile: tls.crt, keyFile: tls.key}",  // 6
        "upstream:",  // 7
        "  server: https://127.0.0.1:6443",  // 8
        "authentication:",  // 9
        "  oidc:",  // 10
        "    issuerURL: https://issuer.example",  // 11
        "    clientID: kubernetes",  // 12
    ]

    static let text = lines.joined(separator: "\n") + "\n"

    /// With some lines replaced; an empty replacement leaves a blank line, so that the numbers stay.
    static func replacing(_ changes: [Int: String]) -> String {
        self.lines.enumerated().map { changes[$0.offset + 1] ?? $0.element }.joined(separator: "\n") + "\n"
    }

    /// With lines added at the end, from line 13 on.
    static func adding(_ lines: String...) -> String {
        self.text + lines.joined(separator: "\n") + "\n"
    }
}
