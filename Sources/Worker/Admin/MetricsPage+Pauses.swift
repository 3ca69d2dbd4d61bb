// SPDX-License-Identifier: Apache-2.0

import Shared

extension MetricsPage {
    /// Why newcomers had to wait, and what became of those of the admin listener.
    func pauses(_ supervisor: PanelReader, _ page: inout PrometheusText) {
        page.family("accept_pauses_total", .counter, "How often accepting paused, by reason.")
        for (reason, figure) in [
            ("connections_held", SupervisorFigure.pausesHeld), ("no_credits", .pausesCredits),
            ("unclaimed", .pausesUnclaimed), ("descriptors", .pausesDescriptors),
        ] {
            page.sample("accept_pauses_total", [("reason", reason)], supervisor.value(figure))
        }
        page.family("admin_accept_pauses_total", .counter, "The same of the admin listener.")
        for (reason, figure) in [
            ("connections_held", SupervisorFigure.adminPausesHeld), ("no_credits", .adminPausesCredits),
            ("unclaimed", .adminPausesUnclaimed), ("descriptors", .adminPausesDescriptors),
        ] {
            page.sample("admin_accept_pauses_total", [("reason", reason)], supervisor.value(figure))
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
