// SPDX-License-Identifier: Apache-2.0

import Foundation
import Shared
import Testing

@testable import Supervisor

@Suite struct UpgradeStateTests {
    let now = Instant(nanoseconds: 5_000_000_000)

    private func slot(_ number: Int, _ role: WorkerRole, protocolVersion: UInt32? = ControlProtocol.version)
        -> SavedPool.Slot
    {
        var machine = SlotStateMachine(startAllowance: .seconds(30), now: now)
        _ = machine.timeReached(now)
        _ = machine.greeted(version: ControlProtocol.version)
        _ = machine.becameReady(now + .milliseconds(30))
        let base = Int32(number) * 10 + 20
        return .init(
            number: number, role: role, machine: machine,
            process: .init(
                pid: 4_000 + base, pidfd: base, channel: base + 1, panel: base + 2, started: now, keysSent: 7,
                protocolVersion: protocolVersion, waiting: [Data([1, 0, 2])], processor: 1,
                group: "gateway-7"),
            lastFault: ToSupervisor.Fault.upstreamUnreachable.rawValue, leavesFor: .maxAge)
    }

    private func state(protocolVersion: UInt32? = ControlProtocol.version) -> UpgradeState {
        var ledger = HandOffStateMachine(capacity: 4, slots: 3, holdAllowance: .seconds(10))
        ledger.workerReady(WorkerID(slot: 0, generation: 1), credits: 9)
        _ = ledger.accepted(listener: 0, peer: SocketAddress("[2001:db8::1]:443") ?? .unspecified, now: now)
        var replacement = ReplacementStateMachine()
        replacement.begin(.init(old: 0, new: 2, floor: 2, reason: .memorySoft))
        var retired = PanelTotals()
        if let panel = try? SupervisorBoard.panel(of: retired), let reader = try? PanelReader(panel) {
            retired.add(reader)
        }
        return UpgradeState(
            version: "1.2.3", path: "/usr/sbin/lychgate", arguments: ["serve", "--config", "/etc/x.yaml"],
            configuration: #"{"listeners":[]}"#, sourceFile: "/etc/x.yaml",
            worker: .init(path: "/usr/libexec/lychgate/lychgate-worker", descriptor: 5),
            listeners: [.init(listener: 0, name: "main", descriptor: 6)],
            control: .init(
                descriptor: 7,
                clients: [
                    .init(
                        descriptor: 8, received: Data("{".utf8), answer: Data(), peerEnded: false, isWaiting: true)
                ]),
            started: now, announced: true, descriptorPauses: 3, acceptPauses: ["no_credits": 4],
            pool: SavedPool(
                workers: 2, credits: 100,
                gateways: [
                    slot(0, .gateway, protocolVersion: protocolVersion), slot(1, .gateway),
                    .init(
                        number: 2, role: .gateway, machine: .spare(startAllowance: .seconds(30), now: now),
                        process: nil, lastFault: nil),
                ],
                keyrings: [.init(slot: slot(1_000, .keyring), keys: 9, generation: 7, isAsked: true)],
                admin: .init(
                    slot: slot(999, .admin), ledger: .init(saved: ledger.saved, sockets: [10]), isGreeted: true),
                ledger: .init(saved: ledger.saved, sockets: [11]), replacement: replacement,
                replaceNotBefore: now + .seconds(30), refusals: ["rate": 2],
                addresses: .init(addresses: [.unspecified], connections: Data([1, 2])), recycles: ["max_age": 3],
                everReady: [.gateway, .keyring],
                board: .init(
                    startedAt: 1_700_000_000, spawns: 4, recycles: [1, 2, 3], retired: retired, reloads: [1, 2, 3])))
    }

    @Test func everythingComesBackAsItWas() throws {
        let before = state()
        let after = try UpgradeState(before.encoded)
        #expect(after == before)
        #expect(after.pool.gateways[0].machine.readySince == now + .milliseconds(30))
        #expect(after.pool.replacement.starting == 2)
    }

    @Test func everyDescriptorIsNamedOnce() {
        let all = state().descriptors
        #expect(Set(all).count == all.count)
        #expect(Set(all).isSuperset(of: [5, 6, 7, 8, 9, 10, 11, 20, 21, 22, 30, 31, 32]))
        #expect(all.count == 7 + 4 * 3)
    }

    /// What version 0.1.0 wrote while it served, with a connection that nobody had claimed. If this cannot be read any more,
    /// either a new member must be optional, or the format has another number.
    @Test func theFormatIsTheOneThatWasGivenOut() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "state-format-1.json")
        let state = try UpgradeState(Array(Data(contentsOf: file)))
        #expect(state.header == .init(format: UpgradeState.format, version: "0.1.0"))
        #expect(state.pool.gateways.map(\.machine.state) == [.ready, .ready, .gone])
        #expect(state.pool.ledger.saved.connections.count == 1 && state.pool.ledger.sockets.count == 1)
        var ledger = HandOffStateMachine(capacity: 4_096, slots: 3, holdAllowance: .seconds(10))
        let isRestored = ledger.restore(state.pool.ledger.saved)
        #expect(isRestored && ledger.unclaimed == 1)
        #expect(state.pool.keyrings[0].generation == 1 && state.pool.admin?.isGreeted == true)
    }

    private func failure(_ bytes: [UInt8]) -> UpgradeFailure? {
        do throws(UpgradeFailure) {
            _ = try UpgradeState(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test func whatCannotBeReadIsRefusedWithItsVersion() {
        #expect(failure(Array("not JSON".utf8)) == .noState)
        #expect(failure([]) == .noState)
        var later = state()
        later.header.format = 2
        #expect(failure(later.encoded) == .format(2, version: "1.2.3"))
        let text = String(decoding: state().encoded, as: UTF8.self)
        #expect(failure(Array(text.replacing("keysSent", with: "keysGiven").utf8)) == .unreadable(version: "1.2.3"))
        #expect(failure(Array(text.dropLast().utf8)) == .noState)
    }

    @Test func workersOfAnUnknownLanguageAreNotTakenOver() {
        let other = ControlProtocol.understood.upperBound + 1
        #expect(failure(state(protocolVersion: other).encoded) == .protocolVersion(other, version: "1.2.3"))
        #expect(failure(state(protocolVersion: nil).encoded) == nil, "one that has not spoken yet will")
    }

    @Test func totalsOfAnotherBuildAreTakenAsFarAsTheyGo() throws {
        let encoder = JSONEncoder()
        var object = try #require(
            try JSONSerialization.jsonObject(with: encoder.encode(PanelTotals())) as? [String: Any])
        object["figures"] = [1, 2, 3]
        object["tables"] = [[5]]
        let shorter = try JSONDecoder().decode(
            PanelTotals.self, from: JSONSerialization.data(withJSONObject: object))
        #expect(shorter.value(.exchangesOpened) == 2)
        #expect(shorter.value(.orphanMicroseconds) == 0)
        #expect(shorter.table(.requests).first == 5 && shorter.table(.requests).count == PanelTable.requests.count)
        object["figures"] = [UInt64](repeating: 1, count: 1_000)
        #expect(
            throws: Never.self,
            performing: {
                _ = try JSONDecoder().decode(
                    PanelTotals.self, from: JSONSerialization.data(withJSONObject: object))
            })
        object["durations"] = [1, 2]
        #expect(throws: DecodingError.self) {
            _ = try JSONDecoder().decode(PanelTotals.self, from: JSONSerialization.data(withJSONObject: object))
        }
    }

    @Test func theHandOversNumbersAreChecked() {
        #expect(
            UpgradeHandOver("12 13 14", failure: nil)
                == UpgradeHandOver(state: 12, before: 13, program: 14, failure: nil))
        for text in ["", "12 13", "12 13 14 15", "12  14", "2 13 14", "x 13 14", "-1 13 14"] {
            #expect(UpgradeHandOver(text, failure: nil) == nil, "\(text)")
        }
        #expect(UpgradeHandOver(state: 12, before: 13, program: 14).text == "12 13 14")
    }
}
