// SPDX-License-Identifier: Apache-2.0

import Shared

/// Connections, memory and what was lost for want of it.
extension MetricsPage {
    func traffic(_ totals: PanelTotals, _ page: inout PrometheusText) {
        page.single("connections", .gauge, "Client connections open now.", totals.value(.connections))
        page.family("tls_handshakes_total", .counter, "TLS handshakes of clients.")
        page.sample("tls_handshakes_total", [("result", "completed")], totals.value(.tlsHandshakes))
        page.sample("tls_handshakes_total", [("result", "failed")], totals.value(.tlsFailures))
        page.single(
            "proxy_headers_refused_total", .counter, "Connections of proxies without a proper PROXY header.",
            totals.value(.proxyHeadersRefused))
        page.family("upstream_connections", .gauge, "Connections to the API server now.")
        let open = totals.value(.upstreamOpen)
        let idle = totals.value(.upstreamIdle)
        page.sample("upstream_connections", [("state", "idle")], idle)
        page.sample("upstream_connections", [("state", "used")], open > idle ? open - idle : 0)
        page.single(
            "upstream_connections_opened_total", .counter, "Connections to the API server begun.",
            totals.value(.upstreamOpened))
        page.single(
            "upstream_connections_ended_total", .counter, "Connections to the API server ended.",
            totals.value(.upstreamEnded))
        http2Upstream(totals, &page)
        page.single(
            "upstream_failures_total", .counter, "Connections to the API server that failed.",
            totals.value(.upstreamFailures))
        page.single(
            "upstream_retries_total", .counter, "Requests sent again on a fresh connection.",
            totals.value(.upstreamRetries))
    }

    private func http2Upstream(_ totals: PanelTotals, _ page: inout PrometheusText) {
        page.single(
            "upstream_http2_connections", .gauge, "Connections to the API server now that carry HTTP/2.",
            totals.value(.upstreamHTTP2Connections))
        page.single(
            "upstream_streams", .gauge, "HTTP/2 streams to the API server now.", totals.value(.upstreamStreams))
        page.single(
            "upstream_streams_opened_total", .counter, "HTTP/2 streams to the API server begun.",
            totals.value(.upstreamStreamsOpened))
        page.single(
            "upstream_streams_ended_total", .counter, "HTTP/2 streams to the API server ended.",
            totals.value(.upstreamStreamsEnded))
        page.family("upstream_http2_ended_total", .counter, "HTTP/2 connections to the API server that we gave up.")
        page.sample("upstream_http2_ended_total", [("reason", "silent")], totals.value(.upstreamSilent))
        page.sample("upstream_http2_ended_total", [("reason", "misbehaved")], totals.value(.upstreamFloods))
    }

    func resources(_ totals: PanelTotals, _ page: inout PrometheusText) {
        page.single("buffer_bytes", .gauge, "Memory of buffers in use.", totals.value(.bufferBytes))
        page.single(
            "buffer_refusals_total", .counter, "Buffers refused at the limit.", totals.value(.bufferRefusals))
        page.single(
            "descriptors_lost_total", .counter, "Descriptors lost at the descriptor limit.",
            totals.value(.descriptorsLost))
        page.family("log_lines_lost_total", .counter, "Log lines that standard error did not take in time.")
        page.sample("log_lines_lost_total", [("role", "gateway")], totals.value(.logLinesLost))
        if let supervisor = board.supervisor {
            page.sample(
                "log_lines_lost_total", [("role", "supervisor")], supervisor.value(SupervisorFigure.logLinesLost))
        }
    }
}
