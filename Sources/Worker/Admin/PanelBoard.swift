// SPDX-License-Identifier: Apache-2.0

import Shared

/// Every panel that the supervisor has passed on, and the sums of those that are gone: counters never go back because a
/// worker was replaced.
final class PanelBoard {
    /// Far above what there are processes.
    private static let most = 4_096

    private(set) var supervisor: PanelReader?
    private var panels: [PanelOwner: PanelReader] = [:]
    private var retired = PanelTotals()

    /// - Throws: EINVAL: it is no panel; ENOMEM: there are too many.
    func add(_ file: borrowing FileDescriptor, of owner: PanelOwner) throws(Errno) {
        let reader = try PanelReader(file)
        switch owner.role {
        case .supervisor: supervisor = reader
        case .retired: retired.add(reader)
        case .gateway, .keyring, .admin:
            guard panels.count < Self.most else { throw .outOfMemory }
            panels[owner] = reader
        }
    }

    func remove(_ owner: PanelOwner) {
        guard let panel = panels.removeValue(forKey: owner), owner.role == .gateway else { return }
        retired.add(panel)
    }

    /// Those of one role, by slot and generation.
    func panels(_ role: PanelOwner.Role) -> [(owner: PanelOwner, panel: PanelReader)] {
        panels.filter { $0.key.role == role }
            .sorted { ($0.key.slot, $0.key.generation) < ($1.key.slot, $1.key.generation) }
            .map { ($0.key, $0.value) }
    }

    /// Each issuer, as the newest keyring sees it.
    var issuers: [IssuerRow] {
        let newest = panels(.keyring).max { ($0.panel.heartbeat, $0.owner.slot) < ($1.panel.heartbeat, $1.owner.slot) }
        return newest?.panel.rows().map(IssuerRow.init) ?? []
    }

    /// Counters of all gateway workers, gone ones included, and gauges of those there are.
    var totals: PanelTotals {
        var totals = retired
        for (_, panel) in panels(.gateway) { totals.add(panel, gauges: true) }
        return totals
    }
}
