// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

@Suite struct AnonymousAccessTests {
    private func admits(_ rule: KubernetesDocument.Anonymous, _ path: String) -> Bool {
        ByteView.of(Array(path.utf8)) { bytes in
            AnonymousAccess(rule)?.identity(for: ByteRange(from: 0, to: bytes.count), in: bytes) != nil
        }
    }

    @Test(arguments: [
        ("/livez", true), ("/livez/", false), ("/livez/ping", false), ("/live", false), ("/LIVEZ", false),
        ("/%6Civez", true), ("/", false), ("", false), ("/healthz", true),
    ])
    func conditions(_ path: String, _ expected: Bool) {
        #expect(admits(.init(enabled: true, paths: ["/livez", "/healthz"]), path) == expected)
        #expect(admits(.init(enabled: true, paths: []), path))
        #expect(!admits(.init(), path))
    }

    @Test func whoTheyAre() {
        let identity = AnonymousAccess(.init(enabled: true)).flatMap { access in
            ByteView.of([0x2F]) { access.identity(for: ByteRange(from: 0, to: 1), in: $0) }
        }
        #expect(
            identity.map { String(decoding: $0.impersonationHeader, as: UTF8.self) }
                == "Impersonate-User: system:anonymous\r\nImpersonate-Group: system:unauthenticated\r\n")
    }
}
