# SPDX-License-Identifier: Apache-2.0
"""The figures as Markdown tables, each with its ratio to HAProxy's without token check."""

from . import goals

BASELINE = "haproxy"

# mode: title, then columns: the figure, its heading, its decimals, whether less is better.
COLUMNS = {
    "tls": ("TLS 1.3, HTTP/1.1 keep-alive, 1 KiB answer", [
        ("us", "CPU µs/request", 1), ("us_user", "user", 1), ("us_system", "system", 1),
        ("rps_per_core", "requests/s of one core", 0), ("rps", "requests/s measured", 0)]),
    "plain": ("Plain HTTP/1.1 keep-alive, 1 KiB answer", [
        ("us", "CPU µs/request", 1), ("us_user", "user", 1), ("us_system", "system", 1),
        ("rps_per_core", "requests/s of one core", 0), ("rps", "requests/s measured", 0)]),
    "h2": ("HTTP/2 over TLS, 8 connections of 16 streams", [
        ("us", "CPU µs/request", 1), ("us_user", "user", 1), ("us_system", "system", 1), ("rps", "requests/s", 0)]),
    "rate": ("Latency at 4,000 requests/s, TLS, HTTP/1.1", [
        ("p99_us", "p99 µs", 0), ("p50_us", "p50 µs", 0), ("p999_us", "p99.9 µs", 0), ("us", "CPU µs/request", 1)]),
    "large": ("Lists of 10 MiB over TLS", [
        ("mb_per_cpu_second", "MB per CPU second", 0), ("mb_per_second", "MB/s measured", 0)]),
    "connect": ("New TLS connections with one request each, full handshake", [
        ("us", "CPU µs/connection", 0), ("per_core_second", "connections/s of one core", 0),
        ("per_second", "measured", 0), ("supervisor_us", "supervisor µs", 1)]),
    "resume": ("New TLS connections with one request each, session resumed", [
        ("us", "CPU µs/connection", 0), ("per_core_second", "connections/s of one core", 0),
        ("per_second", "measured", 0), ("resumed_share", "share resumed", 2), ("supervisor_us", "supervisor µs", 1)]),
    "connect-plain": ("New plain connections with one request each", [
        ("us", "CPU µs/connection", 0), ("per_core_second", "connections/s of one core", 0),
        ("supervisor_us", "supervisor µs", 1)]),
    "tunnel": ("Tunnels (101) over TLS, echoed", [
        ("mb_per_cpu_second", "MB per CPU second", 0), ("mb_per_second", "MB/s measured", 0)]),
    "hold": ("Held TLS watches", [
        ("kib_at_8000", "KiB each at 8,000", 1), ("kib_at_2000", "at 2,000", 1),
        ("kept_share", "share kept after they left", 2), ("us_at_none", "CPU µs/request beside none", 1),
        ("us_at_8000", "beside 8,000", 1), ("growth", "growth", 2), ("idle_ms_per_second", "CPU ms/s idle", 2)]),
    "hold-large": ("Held TLS watches, each after an answer of 64 KiB on its connection", [
        ("kib_at_8000", "KiB each at 8,000", 1), ("kib_at_2000", "at 2,000", 1),
        ("kept_share", "share kept after they left", 2), ("us_at_none", "CPU µs/request beside none", 1),
        ("us_at_8000", "beside 8,000", 1), ("growth", "growth", 2), ("idle_ms_per_second", "CPU ms/s idle", 2)]),
    "hold-h2": ("Held watches over HTTP/2", [
        ("kib_at_8000", "KiB each at 8,000", 1), ("kib_at_2000", "at 2,000", 1),
        ("kept_share", "share kept after they left", 2), ("growth", "growth of CPU µs/request", 2),
        ("idle_ms_per_second", "CPU ms/s idle", 2)]),
    "pool": ("Two workers, keyring and supervisor, idle; then each worker replaced", [
        ("idle_mib", "MiB idle", 1), ("idle_cpu_percent", "CPU % idle", 3), ("worker_ready_ms", "ms to a worker", 0)]),
    "crowd": ("10,000 requests in flight, looked at", [
        ("ps_ms", "ms for ps", 0), ("metrics_ms", "ms for /metrics", 0), ("in_flight", "seen by ps", 0)]),
    "upstream-h1": ("API server over TLS by HTTP/1.1, plain HTTP/1.1 to the client", [
        ("us", "CPU µs/request", 1), ("us_user", "user", 1), ("us_system", "system", 1), ("rps", "requests/s", 0)]),
    "upstream-h2": ("API server over TLS by HTTP/2, plain HTTP/1.1 to the client", [
        ("us", "CPU µs/request", 1), ("us_user", "user", 1), ("us_system", "system", 1), ("rps", "requests/s", 0)]),
    "start": ("Start, and idling", [
        ("ready_ms", "ms to the first answer", 0), ("start_cpu_ms", "CPU ms until then", 0),
        ("idle_mib", "MiB idle", 1), ("idle_cpu_percent", "CPU % idle", 3)]),
}


def cell(figures, name, decimals):
    return f"{figures[name]:,.{decimals}f}" if name in figures else "–"


def mode_table(mode, figures, titles):
    """One mode's table; its first column is compared."""
    heading, columns = COLUMNS[mode]
    lines = [f"### {heading}", "", "| | " + " | ".join([columns[0][1], "ratio"] + [c[1] for c in columns[1:]]) + " |",
             "|---|" + "---:|" * (len(columns) + 1)]
    for peer, found in figures.medians[mode].items():
        if "skipped" in found:
            lines.append(f"| {titles[peer]} | skipped: {found['skipped']} |" + " |" * len(columns))
            continue
        try:
            ratio = f"{figures.ratio(mode, columns[0][0], peer, BASELINE):.2f}"
        except KeyError:
            ratio = "–"
        cells = [cell(found, name, decimals) for name, _, decimals in columns]
        lines.append(f"| {titles[peer]} | " + " | ".join([cells[0], ratio] + cells[1:]) + " |")
    return "\n".join(lines) + "\n"


def cells(rows):
    return ["| " + " | ".join(row) + " |" for row in rows]


def document(result, figures, titles, plots):
    machine, settings = result["machine"], result["settings"]
    parts = [
        "# Benchmark results", "",
        "Made by `make bench`; do not edit. How it is measured: `Benchmarks/README.md`. Ratio: to HAProxy without a"
        " token check, of the column before it; the median of the rounds' ratios.", "",
        f"* Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Linux {machine['kernel']}",
        "* Versions: " + ", ".join(f"{name} {number}" for name, number in result["versions"].items()),
        f"* Commit {result['revision']}, {result['date']}; medians of {settings['rounds']} interleaved rounds"
        f" (start and held watches: {settings['slow_rounds']}) of {settings['seconds']} s; load average "
        f"{result['load_average'][0]:.1f} before, {result['load_average'][1]:.1f} after", ""]
    if result["load_average"][0] > machine["cores"] / 2:
        parts += ["**The machine was busy with other work.** Ratios of CPU time and memory hold roughly; latencies and"
                  " requests per second are not the proxies' own, and nothing should be concluded from them.", ""]
    judged = goals.judge(figures)
    if judged:
        parts += ["### The goals", "", "What stands behind a goal that is not met: `profile.md`.", ""]
        parts += cells([("Goal", "Bound", "Measured", "Met"), ("---", "---:", "---:", "---")] + judged) + [""]
    for mode in result["medians"]:
        parts.append(mode_table(mode, figures, titles))
        if mode in plots:
            parts.append(f"![{COLUMNS[mode][0]}]({plots[mode]})\n")
    return "\n".join(parts)
