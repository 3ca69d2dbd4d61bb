# SPDX-License-Identifier: Apache-2.0
"""What lychgate wants to be, each goal as a bound of one figure or of a ratio within one run."""

OURS, HAPROXY, ENVOY, GO = "lychgate", "haproxy", "envoy", "go"
PEERS = ("haproxy", "haproxy-jwt", "nginx", "envoy", "go")


def figure(mode, name):
    return lambda figures: figures.value(mode, OURS, name)


def ratio(mode, name, peer):
    return lambda figures: figures.ratio(mode, name, OURS, peer)


def to_best(mode, name):
    """To the smallest of all peers'."""
    def of(figures):
        return max(
            figures.ratio(mode, name, OURS, peer) for peer in PEERS if name in figures.medians[mode].get(peer, {}))
    return of


# What, how it is found, the bound, whether the figure is to stay above it.
GOALS = [
    ("CPU per request, TLS, HTTP/1.1: to HAProxy without token check", ratio("tls", "us", HAPROXY), 0.80, False),
    ("… to Envoy", ratio("tls", "us", ENVOY), 0.27, False),
    ("… to Go", ratio("tls", "us", GO), 0.20, False),
    ("CPU per request, HTTP/2: to HAProxy without token check", ratio("h2", "us", HAPROXY), 1.1, False),
    ("CPU per request, plain HTTP/1.1: to HAProxy without token check", ratio("plain", "us", HAPROXY), 0.85, False),
    ("p99 at 4,000 requests/s: to the best peer's", to_best("rate", "p99_us"), 1.0, False),
    ("Large bodies, MB per CPU second: to HAProxy", ratio("large", "mb_per_cpu_second", HAPROXY), 1.0, True),
    ("Tunnels, MB per CPU second: to HAProxy", ratio("tunnel", "mb_per_cpu_second", HAPROXY), 1.0, True),
    ("RssAnon per held TLS watch: to HAProxy", ratio("hold", "kib_at_8000", HAPROXY), 0.75, False),
    ("… after an answer of 64 KiB", ratio("hold-large", "kib_at_8000", HAPROXY), 0.75, False),
    ("… over HTTP/2, KiB a stream", figure("hold-h2", "kib_at_8000"), 4, False),
    ("… share kept after the clients left", figure("hold", "kept_share"), 0.1, False),
    ("Supervisor's CPU per hand-off, µs", figure("connect-plain", "supervisor_us"), 15, False),
    ("A worker ready, ms", figure("pool", "worker_ready_ms"), 100, False),
    ("Idle pool, MiB RssAnon", figure("pool", "idle_mib"), 60, False),
    ("Idle pool, CPU %", figure("pool", "idle_cpu_percent"), 0.2, False),
    ("CPU per request beside 8,000 held watches: to beside none", figure("hold", "growth"), 1.1, False),
    ("`ps` with 10,000 in flight, ms", figure("crowd", "ps_ms"), 100, False),
    ("`/metrics` with 10,000 in flight, ms", figure("crowd", "metrics_ms"), 100, False),
]


def judge(figures):
    """Of each goal that was measured: what, bound, figure, verdict."""
    rows = []
    for title, find, bound, above in GOALS:
        try:
            found = find(figures)
        except (KeyError, ValueError, ZeroDivisionError):
            continue
        met = found >= bound if above else found <= bound
        rows.append((title, f"{'≥' if above else '≤'} {bound:g}", f"{found:.3g}", "yes" if met else "**no**"))
    return rows
