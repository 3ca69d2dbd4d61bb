// SPDX-License-Identifier: Apache-2.0

import Shared

extension MetricsPage {
    /// Why newcomers had to wait, and what became of those of the admin listener.
    func pauses(_ supervisor: PanelReader, _ page: inout PrometheusText) {
        let reasons = ["connections_held", "no_credits", "unclaimed", "descriptors"]
        let families: [(name: String, help: String, figures: [SupervisorFigure])] = [
            (
                "accept_pauses_total", "How often accepting paused, by reason.",
                [.pausesHeld, .pausesCredits, .pausesUnclaimed, .pausesDescriptors]
            ),
            (
                "admin_accept_pauses_total", "The same of the admin listener.",
                [.adminPausesHeld, .adminPausesCredits, .adminPausesUnclaimed, .adminPausesDescriptors]
            ),
        ]
        for family in families {
            page.family(family.name, .counter, family.help)
            for (reason, figure) in zip(reasons, family.figures) {
                page.sample(family.name, [("reason", reason)], supervisor.value(figure))
            }
        }
        page.family(
            "admin_refused_connections_total", .counter,
            "Connections to the admin listener reset because their address had too many, by limit.")
        page.sample(
            "admin_refused_connections_total", [("limit", "connections")], supervisor.value(.adminRefusedConnections))
        page.sample(
            "admin_refused_connections_total", [("limit", "unclaimed")], supervisor.value(.adminRefusedUnclaimed))
        page.single(
            "admin_handoff_forgotten_total", .counter,
            "Silent connections to the admin listener whose copies were given up for newer ones.",
            supervisor.value(.adminForgotten))
    }
}
