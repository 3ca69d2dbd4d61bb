// SPDX-License-Identifier: Apache-2.0

import Shared

/// What health is judged by, all of it out of shared memory.
struct HealthFacts: Equatable {
    /// Since the supervisor's loop last turned; nil: it has no panel yet.
    var supervisorAge: Duration?
    var isStopping = false
    /// Gateway workers that say that they are ready, and whose loops turn.
    var readyWorkers = 0
    var hasKeys = false
    /// Whether there is an issuer at all.
    var needsKeys = true
    /// How many issuers' keys there are.
    var issuersWithKeys = 0
    /// Those whose keys were never fetched, or are too old.
    var issuersWithoutKeys: [String] = []

    /// A loop stamps its heartbeat at least once a second.
    static let heartbeatAllowance = Duration.seconds(5)

    init() {}

    init(board: PanelBoard, now: Instant) {
        if let supervisor = board.supervisor {
            supervisorAge = now.since(supervisor.heartbeat)
            isStopping = supervisor.value(.stopping) != 0
            hasKeys = supervisor.value(.newestKeys) > 0
        }
        for issuer in board.issuers {
            if issuer.fetchedAt > 0 { issuersWithKeys += 1 } else { issuersWithoutKeys.append(issuer.url) }
        }
        let keyring = board.panels(.keyring).last?.panel
        needsKeys = keyring?.phase != .ready || issuersWithKeys + issuersWithoutKeys.count > 0
        readyWorkers = board.panels(.gateway).count { _, panel in
            panel.phase == .ready && now.since(panel.heartbeat) <= Self.heartbeatAllowance
        }
    }
}

/// The endpoints that kube-apiserver has.
enum HealthEndpoint: String, CaseIterable, Sendable {
    case livez
    case readyz
    case healthz
}

/// The outcome of an endpoint's checks, told in kube-apiserver's words
/// (`k8s.io/apiserver/pkg/server/healthz/healthz.go`, `handleRootHealth` and `adaptCheckToHandler`). Pure.
struct HealthReport: Equatable {
    struct Check: Equatable {
        let name: String
        /// nil: all is well. Told only to those who ask for this one check.
        let failure: String?
        /// What is told in the list although the check has passed.
        var note: String?
    }

    let endpoint: HealthEndpoint
    let checks: [Check]

    init(_ endpoint: HealthEndpoint, _ facts: HealthFacts) {
        self.endpoint = endpoint
        var checks = [Check(name: "ping", failure: nil), Self.supervisor(facts)]
        if endpoint != .livez {
            checks.append(
                Check(name: "workers", failure: facts.readyWorkers > 0 ? nil : "no gateway worker is ready"))
            checks.append(Self.keys(facts))
        }
        if endpoint == .readyz {
            checks.append(Check(name: "shutdown", failure: facts.isStopping ? "the gateway is shutting down" : nil))
        }
        self.checks = checks
    }

    /// Fails when no token can be verified. An issuer that lacks keys beside others that have theirs is named, but takes
    /// nobody else's service away.
    private static func keys(_ facts: HealthFacts) -> Check {
        let lacking = facts.issuersWithoutKeys.joined(separator: ", ")
        if facts.needsKeys, !facts.hasKeys || facts.issuersWithKeys == 0 && !lacking.isEmpty {
            return Check(
                name: "keys",
                failure: lacking.isEmpty ? "the issuer's keys were never fetched" : "no keys of \(lacking)")
        }
        return Check(name: "keys", failure: nil, note: lacking.isEmpty ? nil : "no keys of \(lacking)")
    }

    private static func supervisor(_ facts: HealthFacts) -> Check {
        let failure: String? =
            switch facts.supervisorAge {
            case .some(let age) where age <= HealthFacts.heartbeatAllowance: nil
            case .some(let age): "the supervisor's last sign of life is \(Int(age.milliseconds)) ms old"
            case .none: "the supervisor has not shown itself"
            }
        return Check(name: "supervisor", failure: failure)
    }

    /// All checks together; `?verbose` lists them, `?exclude=NAME` leaves one out.
    func answer(to request: AdminRequest) -> AdminResponse {
        var excluded = Set(request.values(of: "exclude"))
        var lines = ""
        var failed = false
        for check in checks {
            if excluded.remove(check.name) != nil {
                lines += "[+]\(check.name) excluded: ok\n"
            } else if check.failure != nil {
                failed = true
                lines += "[-]\(check.name) failed: reason withheld\n"
            } else {
                lines += "[+]\(check.name) ok\(check.note.map { " (\($0))" } ?? "")\n"
            }
        }
        if !excluded.isEmpty {
            let names = excluded.sorted().map(Self.quoted).joined(separator: ",")
            lines += "warn: some health checks cannot be excluded: no matches for \(names)\n"
        }
        if failed {
            return AdminResponse(status: 500, text: "\(lines)\(endpoint.rawValue) check failed\n")
        }
        guard request.parameters.contains(where: { $0.name == "verbose" }) else { return AdminResponse(text: "ok") }
        return AdminResponse(text: "\(lines)\(endpoint.rawValue) check passed\n")
    }

    /// One check, with its reason; nil: there is none of that name.
    func answer(about name: String) -> AdminResponse? {
        guard let check = checks.first(where: { $0.name == name }) else { return nil }
        guard let failure = check.failure else { return AdminResponse(text: "ok") }
        return AdminResponse(status: 500, text: "internal server error: \(failure)\n")
    }

    /// As Go's %q, for what a client may have made up.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7f {
                    quoted += scalar.value < 16 ? "\\x0" : "\\x"
                    quoted += String(scalar.value, radix: 16)
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}
