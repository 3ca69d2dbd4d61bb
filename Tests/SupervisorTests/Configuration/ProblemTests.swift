// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

/// Every kind of mistake, with the exact line that is printed for it (without the file's name).
@Suite struct ProblemTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let problems: [String]

        init(_ name: String, _ text: String, _ problems: String...) {
            self.name = name
            self.text = text
            self.problems = problems
        }

        var testDescription: String { self.name }
    }

    static let lookUps = [
        Mistake(
            "passing through with a client certificate",
            MinimalConfiguration.replacing([
                8: "  {server: \"https://127.0.0.1:6443\", clientCertificateFile: tls.crt, clientKeyFile: tls.key}"
            ]) + "  tokenReview: {mode: passThrough}\n",
            "13:23: authentication.tokenReview.mode: passThrough and a client certificate towards the API server exclude"
                + " each other: it would take every request for the gateway's own; write impersonate, or give the"
                + " gateway a tokenFile instead"),
        Mistake(
            "introspection without a credential",
            MinimalConfiguration.adding("  introspection: {url: \"http://as.example/i\", clientID: g}"),
            "13:18: authentication.introspection.clientSecretFile: is missing; write the path of the client's secret, or"
                + " privateKeyFile",
            "13:24: authentication.introspection.url: `http://as.example/i` is no https URL; write"
                + " https://HOST[:PORT]/PATH instead"),
        Mistake(
            "introspection with two credentials",
            MinimalConfiguration.adding(
                "  introspection:", "    url: https://as.example/i", "    clientID: g", "    clientSecretFile: tls.key",
                "    privateKeyFile: tls.key"),
            "17:21: authentication.introspection.privateKeyFile: and clientSecretFile exclude each other; leave one of"
                + " the two out"),
        Mistake(
            "impersonation", MinimalConfiguration.adding("  impersonation: {mode: allow}"),
            "13:25: authentication.impersonation.mode: is `allow`; write deny or authorize instead"),
        Mistake(
            "no client authorities",
            MinimalConfiguration.replacing([
                6: "    tls: {certificateFile: tls.crt, keyFile: tls.key, clientCAFile: nowhere.crt}"
            ]),
            "6:69: listeners[0].tls.clientCAFile: no such file: FOLDER/nowhere.crt; write the path of an existing file"
                + " instead"),
    ]

    @Test func theMinimumIsAccepted() throws {
        #expect(try ConfigurationFolder(["lychgate.yaml": MinimalConfiguration.text]).problems() == [])
    }

    @Test(arguments: Self.documents + Self.modes + Self.keys + Self.values + Self.contradictions + Self.lookUps)
    func isReported(_ mistake: Mistake) throws {
        let folder = try ConfigurationFolder(["lychgate.yaml": mistake.text])
        let found = try folder.problems()
        #expect(found == mistake.problems.map { "lychgate.yaml:\($0)" })
    }

    static let documents = [
        Mistake(
            "comments only", "# nothing\n",
            "1:1: the file is empty; write at least `apiVersion` and `kind`"),
        Mistake(
            "second document", MinimalConfiguration.text + "---\na: 1\n",
            "13:1: a second document starts here; write one document to a file"),
        Mistake(
            "no YAML", "apiVersion: [lychgate/v1\nkind: x\n",
            "2:5: not YAML: while parsing a flow sequence, did not find expected ',' or ']'; check indentation and quotes"
        ),
        Mistake(
            "tab", "apiVersion: lychgate/v1\n\tkind: x\n",
            "2:1: not YAML: while scanning a plain scalar, found a tab character that violates indentation;"
                + " check indentation and quotes"),
        Mistake("undefined alias", "apiVersion: *missing\n", "1:13: not YAML: found undefined alias"),
        Mistake("list", "- a\n", "1:1: is a list; write a mapping: apiVersion, kind, listeners, … instead"),
        Mistake(
            "apiVersion", MinimalConfiguration.replacing([1: "apiVersion: v1"]),
            "1:13: apiVersion: is `v1`; write lychgate/v1 instead"),
        Mistake(
            "kind", MinimalConfiguration.replacing([2: "kind: Config"]),
            "2:7: kind: is `Config`; write GatewayConfiguration instead"),
        Mistake(
            "everything missing", "logging: {}\n",
            "1:1: apiVersion: is missing; write `apiVersion: lychgate/v1`",
            "1:1: kind: is missing; write `kind: GatewayConfiguration`",
            "1:1: listeners: is missing; write a list with at least a `name`, an `address` and `tls`",
            "1:1: upstream: is missing; write a mapping with `server`, `kubeconfig` or `inCluster: true`",
            "1:1: authentication: is missing; write a mapping with `oidc` or `configurationFile`"),
    ]

    static let modes = [
        Mistake(
            "unknown mode", MinimalConfiguration.replacing([4: "  - mode: proxies"]),
            "4:11: listeners[0].mode: is `proxies`; write proxy or forwardAuth or tokenReview instead"),
        Mistake(
            "no range", MinimalConfiguration.replacing([4: "  - trustedProxies: [10.0.0.1/8, 10.0.0.7]"]),
            "4:22: listeners[0].trustedProxies[0]: `10.0.0.1/8` is no IP address or range;"
                + " write one such as 10.0.0.7, 10.0.0.0/8 or fd00::/8"),
        Mistake(
            "fields without forwardAuth", MinimalConfiguration.replacing([4: "  - identityFields: {user: X-User}"]),
            "4:21: listeners[0].identityFields: has a meaning with mode: forwardAuth only; leave it out, or write that mode"
        ),
        Mistake(
            "field names",
            MinimalConfiguration.replacing(
                [
                    4:
                        "  - {mode: forwardAuth, identityFields: {user: Cache-Control, uid: X-U, group: x-u, extraPrefix: user},",
                    5: "     address: 127.0.0.1:8443,", 6: "     tls: {certificateFile: tls.crt, keyFile: tls.key}}",
                ]),
            "4:48: listeners[0].identityFields.user: `Cache-Control` means something else in HTTP; write another name",
            "4:80: listeners[0].identityFields.group: `x-u` is another one's name already; write another name",
            "4:98: listeners[0].identityFields.extraPrefix: is no name for it;"
                + " write letters, digits and at least one `-`, such as X-Remote-User"),
        Mistake(
            "whoever asks",
            MinimalConfiguration.replacing([4: "  - mode: tokenReview", 5: "    address: 0.0.0.0:8443"]),
            "4:5: listeners[0].callerTokenFile: is missing, and only a loopback address may do without: whoever can ask"
                + " could try out tokens; write the file of the token that API servers have, or an `address` on 127.0.0.1"
        ),
    ]

    static let keys = [
        Mistake(
            "near to a known key", MinimalConfiguration.adding("deadline: {drain: 1s}"),
            "13:1: deadline: is no known key; did you mean `deadlines`?"),
        Mistake(
            "neighbours swapped", MinimalConfiguration.adding("deadlines: {drian: 1s}"),
            "13:13: deadlines.drian: is no known key; did you mean `drain`?"),
        Mistake(
            "wrong case", MinimalConfiguration.replacing([11: "    issuerUrl: https://issuer.example"]),
            "11:5: authentication.oidc.issuerUrl: is no known key; did you mean `issuerURL`?",
            "11:5: authentication.oidc.issuerURL: is missing; write the issuer's https:// URL"),
        Mistake(
            "near to nothing", MinimalConfiguration.adding("logging: {colour: true}"),
            "13:11: logging.colour: is no known key; write one of level, requests instead"),
        Mistake(
            "merge key", MinimalConfiguration.adding("logging: {<<: {level: info}}"),
            "13:11: logging.<<: is no known key; write one of level, requests instead"),
        Mistake(
            "in a list", MinimalConfiguration.replacing([4: "  - nmae: main"]),
            "4:5: listeners[0].nmae: is no known key; did you mean `name`?"),
        Mistake(
            "written twice", MinimalConfiguration.adding("logging: {level: info}", "workers: {}", "logging: {}"),
            "15:1: logging: is written twice, first in line 13; write it once instead"),
        Mistake(
            "written twice in quotes", MinimalConfiguration.adding("logging: {'level': info, \"level\": debug}"),
            "13:26: logging.level: is written twice, first in line 13; write it once instead"),
        Mistake(
            "written three times, and another mistake",
            MinimalConfiguration.adding("limits: {fields: 9, fields: 10, fields: 11}", "logging: {level: loud}"),
            "13:21: limits.fields: is written twice, first in line 13; write it once instead",
            "13:33: limits.fields: is written twice, first in line 13; write it once instead",
            "14:18: logging.level: is `loud`; write debug or info or warning or error instead"),
        Mistake(
            "a mapping as a key", MinimalConfiguration.adding("logging: {{a: b}: c}"),
            "13:11: logging: holds a mapping as a key; write a plain name instead"),
    ]

    static let values = [
        Mistake(
            "string: number", MinimalConfiguration.replacing([12: "    clientID: 12"]),
            "12:15: authentication.oidc.clientID: is a number; write it in quotes instead"),
        Mistake(
            "string: boolean", MinimalConfiguration.replacing([12: "    clientID: true"]),
            "12:15: authentication.oidc.clientID: is a boolean; write it in quotes instead"),
        Mistake(
            "string: nothing", MinimalConfiguration.replacing([12: "    clientID:"]),
            "12:14: authentication.oidc.clientID: has no value; write kubernetes, or leave the key out"),
        Mistake(
            "string: empty", MinimalConfiguration.replacing([12: "    clientID: ''"]),
            "12:15: authentication.oidc.clientID: is empty; write kubernetes, or leave the key out"),
        Mistake(
            "string: list", MinimalConfiguration.replacing([12: "    clientID: [a]"]),
            "12:15: authentication.oidc.clientID: is a list; write a string: kubernetes instead"),
        Mistake(
            "string: line break", MinimalConfiguration.replacing([12: "    clientID: \"a\\nb\""]),
            "12:15: authentication.oidc.clientID: holds a control character; write kubernetes instead"),
        Mistake(
            "boolean", MinimalConfiguration.adding("logging: {requests: yes}"),
            "13:21: logging.requests: is `yes`; write true or false instead"),
        Mistake(
            "integer: string", MinimalConfiguration.adding("limits: {fields: many}"),
            "13:18: limits.fields: is `many`; write a whole number from 8 to 4096 instead"),
        Mistake(
            "integer: out of range", MinimalConfiguration.adding("limits: {fields: 7}"),
            "13:18: limits.fields: is `7`; write a whole number from 8 to 4096 instead"),
        Mistake(
            "integer or word", MinimalConfiguration.adding("workers: {count: all}"),
            "13:18: workers.count: is `all`; write auto or a whole number from 1 to 1024 instead"),
        Mistake(
            "affinity", MinimalConfiguration.adding("workers: {cpuAffinity: 0-3}"),
            "13:24: workers.cpuAffinity: is `0-3`; write off or auto instead"),
        Mistake(
            "duration: no unit", MinimalConfiguration.adding("deadlines: {request: 60}"),
            "13:22: deadlines.request: `60` has no unit; write 60s, or 60ms"),
        Mistake(
            "duration: unknown unit", MinimalConfiguration.adding("deadlines: {request: 1d}"),
            "13:22: deadlines.request: `1d` is no duration; write one such as 500ms, 10s, 1m30s or 4h instead"),
        Mistake(
            "duration: zero", MinimalConfiguration.adding("deadlines: {request: 0s}"),
            "13:22: deadlines.request: is 0s; write a duration from 1ms to 24h instead"),
        Mistake(
            "duration: negative", MinimalConfiguration.adding("deadlines: {request: -1s}"),
            "13:22: deadlines.request: `-1s` is no duration; write one such as 500ms, 10s, 1m30s or 4h instead"),
        Mistake(
            "size: unknown unit", MinimalConfiguration.adding("limits: {head: 64KB}"),
            "13:16: limits.head: `64KB` is no size; write a number of bytes or a size such as 64KiB or 256MiB"),
        Mistake(
            "size: out of range", MinimalConfiguration.adding("limits: {head: 2MiB}"),
            "13:16: limits.head: is 2MiB; write a size from 1KiB to 1MiB instead"),
        Mistake(
            "choice", MinimalConfiguration.adding("logging: {level: trace}"),
            "13:18: logging.level: is `trace`; write debug or info or warning or error instead"),
        Mistake(
            "choice that looks like a number",
            MinimalConfiguration.replacing([
                6: "    tls: {certificateFile: tls.crt, keyFile: tls.key, minimumVersion: 1.3}"
            ]),
            "6:71: listeners[0].tls.minimumVersion: is `1.3`; write \"1.2\" or \"1.3\" (in quotes) instead"),
        Mistake(
            "mapping: string", MinimalConfiguration.adding("logging: info"),
            "13:10: logging: is a string; write a mapping: level, requests instead"),
        Mistake(
            "mapping: nothing", MinimalConfiguration.adding("logging:"),
            "13:9: logging: is empty; write a mapping: level, requests instead"),
        Mistake(
            "list: string", MinimalConfiguration.replacing([12: "    clientID: a\n    signingAlgorithms: RS256"]),
            "13:24: authentication.oidc.signingAlgorithms: is a string; write a list such as [RS256] instead"),
        Mistake(
            "list: element", MinimalConfiguration.replacing([12: "    clientID: a\n    signingAlgorithms: [RS256, 5]"]),
            "13:32: authentication.oidc.signingAlgorithms[1]: is a number; write a string instead"),
        Mistake(
            "list of mappings: element",
            MinimalConfiguration.adding("listeners_: []").replacing(
                "listeners_: []", with: "logging: {}"
            ).replacing("  - name: main", with: "  - 5\n  - name: main"),
            "4:5: listeners[0]: is a number; write a mapping: name, address, tls, … instead"),
        Mistake(
            "map of strings",
            MinimalConfiguration.replacing([12: "    clientID: a\n    requiredClaims: {admin: true}"]),
            "13:29: authentication.oidc.requiredClaims.admin: is a boolean; write it in quotes instead"),
        Mistake(
            "not a file",
            MinimalConfiguration.replacing([8: "  server: https://h\n  certificateAuthorityFile: none.crt"]),
            "9:29: upstream.certificateAuthorityFile: no such file: FOLDER/none.crt;"
                + " write the path of an existing file instead"),
        Mistake(
            "a folder", MinimalConfiguration.replacing([8: "  server: https://h\n  certificateAuthorityFile: /"]),
            "9:29: upstream.certificateAuthorityFile: / is a folder; write the path of a file in it instead"),
        Mistake(
            "a device", MinimalConfiguration.replacing([8: "  server: https://h\n  tokenFile: /dev/null"]),
            "9:14: upstream.tokenFile: /dev/null is no regular file; write the path of one instead"),
    ]

    static let contradictions = [
        Mistake(
            "no listeners", MinimalConfiguration.replacing([3: "listeners: []", 4: "", 5: "", 6: ""]),
            "3:12: listeners: is an empty list; write at least one listener"),
        Mistake(
            "plain listener for the network", MinimalConfiguration.replacing([5: "    address: 0.0.0.0:80", 6: ""]),
            "5:14: listeners[0].address: plain HTTP on `0.0.0.0:80` would show tokens to the network;"
                + " write `tls`, or an address on 127.0.0.1"),
        Mistake("plain listener on loopback", MinimalConfiguration.replacing([5: "    address: \"[::1]:80\"", 6: ""])),
        Mistake(
            "plain listener from systemd", MinimalConfiguration.replacing([5: "", 6: ""]),
            "4:5: listeners[0].tls: is missing, and only a loopback address may do without;"
                + " write `tls`, or an `address` on 127.0.0.1"),
        Mistake("TLS listener from systemd", MinimalConfiguration.replacing([5: ""])),
        Mistake(
            "address: name", MinimalConfiguration.replacing([5: "    address: localhost:8443"]),
            "5:14: listeners[0].address: `localhost:8443` is no IP address with a port;"
                + " write one such as \"127.0.0.1:8443\" or \"[::]:8443\""),
        Mistake(
            "address: no port", MinimalConfiguration.replacing([5: "    address: 127.0.0.1"]),
            "5:14: listeners[0].address: `127.0.0.1` is no IP address with a port;"
                + " write one such as \"127.0.0.1:8443\" or \"[::]:8443\""),
        Mistake(
            "two listeners alike",
            MinimalConfiguration.replacing([
                6: "    tls: &tls {certificateFile: tls.crt, keyFile: tls.key}\n"
                    + "  - {name: main, address: \"127.0.0.1:8443\", tls: *tls}"
            ]),
            "7:12: listeners[1].name: `main` names two listeners; write another name",
            "7:27: listeners[1].address: `127.0.0.1:8443` belongs to another listener already; write another port"),
        Mistake(
            "listener's name", MinimalConfiguration.replacing([4: "  - name: a b"]),
            "4:11: listeners[0].name: is no plain name; write at most 64 letters, digits, `.`, `_` or `-`"),
        Mistake(
            "half of TLS", MinimalConfiguration.replacing([6: "    tls: {certificateFile: tls.crt}"]),
            "6:10: listeners[0].tls.keyFile: is missing; write the path of the certificate's private key"),
        Mistake(
            "no server", MinimalConfiguration.replacing([8: "  tlsServerName: a"]),
            "8:3: upstream.server: is missing; write `server: https://HOST:PORT`, or `kubeconfig: FILE`, or `inCluster: true`"
        ),
        Mistake(
            "server and kubeconfig",
            MinimalConfiguration.replacing([8: "  server: https://h\n  kubeconfig: k\n  inCluster: true"]),
            "8:11: upstream.server: contradicts `inCluster`, which says it already; leave one of the two out",
            "9:15: upstream.kubeconfig: contradicts `inCluster`, which says it already; leave one of the two out",
            "10:14: upstream.inCluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is no pod;"
                + " name the API server by `server` or `kubeconfig` instead"),
        Mistake(
            "context alone", MinimalConfiguration.replacing([8: "  server: https://h\n  context: c"]),
            "9:12: upstream.context: has no meaning without `kubeconfig`; write `kubeconfig` too, or leave it out"),
        Mistake(
            "server: path", MinimalConfiguration.replacing([8: "  server: https://h/k8s"]),
            "8:11: upstream.server: `https://h/k8s` has a path, which is not supported; write https://HOST[:PORT] instead"
        ),
        Mistake(
            "server: plain", MinimalConfiguration.replacing([8: "  server: http://192.0.2.1"]),
            "8:11: upstream.server: `http://192.0.2.1` would send credentials in the clear;"
                + " write https:// (http:// is for loopback only)"),
        Mistake("server: plain on loopback", MinimalConfiguration.replacing([8: "  server: http://127.0.0.1:8001"])),
        Mistake(
            "server: no URL", MinimalConfiguration.replacing([8: "  server: kubernetes"]),
            "8:11: upstream.server: `kubernetes` is no URL of a server; write https://HOST[:PORT] instead"),
        Mistake(
            "server: user", MinimalConfiguration.replacing([8: "  server: https://me:secret@h"]),
            "8:11: upstream.server: holds user information; write https://HOST[:PORT] instead,"
                + " and name a credential by tokenFile or clientCertificateFile"),
        Mistake(
            "CA without TLS",
            MinimalConfiguration.replacing([8: "  server: http://[::1]:80\n  certificateAuthorityFile: ca.crt"]),
            "9:29: upstream.certificateAuthorityFile: has no meaning with an http:// server; write https://, or leave it out"
        ),
        Mistake(
            "client certificate without key",
            MinimalConfiguration.replacing([8: "  server: https://h\n  clientCertificateFile: client.crt"]),
            "9:26: upstream.clientCertificateFile: has no private key beside it;"
                + " write `clientKeyFile` too (in a kubeconfig, `client-key`)"),
        Mistake(
            "client key without certificate",
            MinimalConfiguration.replacing([8: "  server: https://h\n  clientKeyFile: client.key"]),
            "9:18: upstream.clientKeyFile: has no certificate beside it;"
                + " write `clientCertificateFile` too (in a kubeconfig, `client-certificate`)"),
        Mistake(
            "pool", MinimalConfiguration.replacing([8: "  server: https://h\n  pool: {maxIdle: 9001}"]),
            "9:19: upstream.pool.maxIdle: maxIdle (9001) is above maxConnections (9000); write maxIdle at most as large"
        ),
        Mistake(
            "issuer: plain", MinimalConfiguration.replacing([11: "    issuerURL: http://127.0.0.1"]),
            "11:16: authentication.oidc.issuerURL: `http://127.0.0.1` is not https; write an https:// URL instead"),
        Mistake(
            "issuer: query", MinimalConfiguration.replacing([11: "    issuerURL: https://i?a=b"]),
            "11:16: authentication.oidc.issuerURL: `https://i?a=b` has a query or a fragment; write the URL without it"),
        Mistake(
            "algorithms",
            MinimalConfiguration.replacing([12: "    clientID: a\n    signingAlgorithms: [HS256, ES256, none, ES256]"]),
            "13:25: authentication.oidc.signingAlgorithms[0]: `HS256` is not accepted;"
                + " write one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512",
            "13:39: authentication.oidc.signingAlgorithms[2]: `none` is not accepted;"
                + " write one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512",
            "13:45: authentication.oidc.signingAlgorithms[3]: `ES256` is in the list twice; write it once"),
        Mistake(
            "no algorithm", MinimalConfiguration.replacing([12: "    clientID: a\n    signingAlgorithms: []"]),
            "13:24: authentication.oidc.signingAlgorithms: is an empty list, so that no token could be accepted;"
                + " write at least RS256"),
        Mistake(
            "drain against the default", MinimalConfiguration.adding("deadlines: {drain: 45s}"),
            "13:20: deadlines.drain: drain (45s) must end before hardStop (45s); write a shorter drain or a longer hardStop"
        ),
        Mistake(
            "memorySoft against memoryHard",
            MinimalConfiguration.adding("recycling: {memorySoft: 2GiB, memoryHard: 1GiB}"),
            "13:25: recycling.memorySoft: memorySoft (2GiB) must be below memoryHard (1GiB); write a smaller memorySoft or a larger memoryHard"
        ),
        Mistake(
            "inFlightLimit against maxInFlight",
            MinimalConfiguration.adding("workers: {maxInFlight: 10}", "recycling: {inFlightLimit: 11}"),
            "14:28: recycling.inFlightLimit: inFlightLimit (11) is above workers.maxInFlight (10), which no worker exceeds;"
                + " write a smaller one, or leave it out"),
        Mistake(
            "hardStop against the default", MinimalConfiguration.adding("deadlines: {hardStop: 30s}"),
            "13:23: deadlines.hardStop: drain (30s) must end before hardStop (30s); write a shorter drain or a longer hardStop"
        ),
        Mistake(
            "parts longer than the request", MinimalConfiguration.adding("deadlines: {request: 4s, identity: 4s}"),
            "13:22: deadlines.request: requestHead (10s) is a part of request (4s); write it at most as long"),
        Mistake(
            "identity", MinimalConfiguration.adding("deadlines: {identity: 1m1s}"),
            "13:23: deadlines.identity: identity (1m1s) is a part of request (1m); write it at most as long"),
        Mistake(
            "request line", MinimalConfiguration.adding("limits: {requestLine: 65KiB}"),
            "13:23: limits.requestLine: requestLine (65KiB) is a part of head (64KiB); write it at most as large"),
        Mistake(
            "socket", MinimalConfiguration.adding("control: {socket: /\(String(repeating: "s", count: 107))}"),
            "13:19: control.socket: is 108 bytes long, and a socket's path has at most 107; write a shorter one"),
        Mistake("no socket", MinimalConfiguration.adding("control: {socket: none}")),
    ]

    @Test func aMissingFileIsOneProblem() throws {
        #expect(
            try ConfigurationFolder().problems("none.yaml") == [
                "none.yaml:1:1: no such file: FOLDER/none.yaml; write the path of an existing file instead"
            ])
    }

    @Test func problemsAreBounded() throws {
        let keys = (0..<500).map { "unknown\($0): 1" }.joined(separator: "\n")
        let folder = try ConfigurationFolder(["lychgate.yaml": MinimalConfiguration.text + keys])
        #expect(try folder.problems().count == LoadReport.maximumProblems)
    }
}
