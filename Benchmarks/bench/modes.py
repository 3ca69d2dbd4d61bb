# SPDX-License-Identifier: Apache-2.0
"""What is measured. A mode is a function of a running proxy; it returns figures by name."""

import re
import statistics
import time
from http.client import HTTPConnection

from . import load, processes
from .peers import LIST_PATH

HELD = (2_000, 8_000)
LARGE_ANSWER = 65_536
LIST_CLIENTS = 4
SETTLE = 1.5
IDLE_SECONDS = 5
POOL_IDLE_SECONDS = 10
POOL_WORKERS = 2
CROWD = 10_000
LOOKS = 9


class Unsupported(Exception):
    """The peer lacks what the mode measures."""


def per(cpu, count):
    return {
        "us": cpu.total / count * 1e6, "us_user": cpu.user / count * 1e6, "us_system": cpu.system / count * 1e6}


def requests(proxy, scheme, seconds):
    before = proxy.cpu()
    result = load.wrk(proxy.url(scheme), seconds)
    used = proxy.cpu() - before
    return per(used, result["requests"]) | {
        "rps": result["requests"] / result["seconds"], "rps_per_core": result["requests"] / used.total,
        "core_share": used.total / result["seconds"]}


def tls(proxy, seconds):
    return requests(proxy, "https", seconds)


def plain(proxy, seconds):
    return requests(proxy, "http", seconds)


def h2(proxy, seconds):
    if not proxy.speaks_http2():
        raise Unsupported("no h2 by ALPN")
    before = proxy.cpu()
    count = load.h2load(proxy.url("https"), seconds)
    return per(proxy.cpu() - before, count) | {"rps": count / seconds}


def rate(proxy, seconds):
    before = proxy.cpu()
    sorted_us = load.h2load_rate(proxy.url("https"), seconds)
    used, count = proxy.cpu() - before, len(sorted_us)
    return per(used, count) | {
        "p50_us": sorted_us[count // 2], "p99_us": sorted_us[int(count * 0.99)],
        "p999_us": sorted_us[int(count * 0.999)]}


def large(proxy, seconds):
    before = proxy.cpu()
    result = load.wrk(proxy.url("https", LIST_PATH), seconds, LIST_CLIENTS)
    used = proxy.cpu() - before
    return {"mb_per_cpu_second": result["bytes"] / 1e6 / used.total,
            "mb_per_second": result["bytes"] / 1e6 / result["seconds"]}


def new_connections(proxy, scheme, seconds, how):
    before, supervisor = proxy.cpu(), processes.own_cpu(proxy.pid)
    result = load.client("connect", proxy.address(scheme), scheme, seconds, how)
    used, count = proxy.cpu() - before, result["connections"]
    if result["failed"] or not count:
        raise load.LoadFailed(f"client connect: {result}")
    figures = per(used, count) | {
        "per_second": count / result["seconds"], "per_core_second": count / used.total,
        "resumed_share": result["resumed"] / count}
    if len(processes.tree(proxy.pid)) > 1:
        figures["supervisor_us"] = (processes.own_cpu(proxy.pid) - supervisor).total / count * 1e6
    return figures


def connect(proxy, seconds):
    return new_connections(proxy, "tls", seconds, "full")


def resume(proxy, seconds):
    return new_connections(proxy, "tls", seconds, "resume")


def connect_plain(proxy, seconds):
    return new_connections(proxy, "plain", seconds, "full")


def tunnel(proxy, seconds):
    before = proxy.cpu()
    result = load.client("tunnel", proxy.address("tls"), "tls", seconds)
    if result.get("unsupported"):
        raise Unsupported(f"an upgrade is answered {result['status']}")
    used = proxy.cpu() - before
    # Each byte goes through the proxy twice.
    return {"mb_per_cpu_second": 2 * result["bytes"] / 1e6 / used.total,
            "mb_per_second": 2 * result["bytes"] / 1e6 / result["seconds"]}


def watches(proxy, seconds, size, scheme="tls"):
    """Memory per held watch; what a request costs beside them; what is left when they have gone."""
    at_none = requests(proxy, "https", seconds)["us"]
    figures = {"us_at_none": at_none}
    holder = load.Holder(proxy.address("tls"), scheme, size)
    try:
        holder.hold(1)
        time.sleep(SETTLE)
        base = processes.anonymous_kib(proxy.pid)
        for count in HELD:
            holder.hold(count)
            time.sleep(SETTLE)
            figures[f"kib_at_{count}"] = (processes.anonymous_kib(proxy.pid) - base) / (count - 1)
        before = proxy.cpu()
        time.sleep(2)
        figures["idle_ms_per_second"] = (proxy.cpu() - before).total / 2 * 1e3
        figures["us_at_8000"] = requests(proxy, "https", seconds)["us"]
        figures["growth"] = figures["us_at_8000"] / at_none
    finally:
        holder.stop()
    time.sleep(2 * SETTLE)
    left = processes.anonymous_kib(proxy.pid) - base
    figures["kept_share"] = left / max(figures[f"kib_at_{HELD[-1]}"] * HELD[-1], 1)
    return figures


def hold(proxy, seconds):
    return watches(proxy, seconds, 0)


def hold_large(proxy, seconds):
    return watches(proxy, seconds, LARGE_ANSWER)


def hold_h2(proxy, seconds):
    """Each watch a stream, as many to a connection as the proxy allows."""
    if not proxy.speaks_http2():
        raise Unsupported("no h2 by ALPN")
    return watches(proxy, seconds, 0, "h2")


def upstream(proxy, seconds):
    """An API server over TLS, by HTTP/1.1 or HTTP/2; plain to the client, so that the difference is the upstream's."""
    return requests(proxy, "http", seconds)


def pool(proxy, seconds):
    """Two workers with nothing to do; then each is replaced by a new one."""
    del seconds
    time.sleep(2)
    before = proxy.cpu()
    time.sleep(POOL_IDLE_SECONDS)
    used = (proxy.cpu() - before).total
    figures = {"idle_mib": processes.anonymous_kib(proxy.pid) / 1024,
               "idle_cpu_percent": used / POOL_IDLE_SECONDS * 100}
    seen = len(proxy.output())
    proxy.ask("restart")
    times = [int(number) for number in re.findall(
        r"child is ready after_ms=(\d+) role=gateway", proxy.output()[seen:])]
    if len(times) < POOL_WORKERS:
        raise load.LoadFailed(f"{len(times)} workers were replaced")
    return figures | {"worker_ready_ms": statistics.median(times)}


def crowd(proxy, seconds):
    """How long those wait who look at a crowd of requests in flight."""
    del seconds
    holder = load.Holder(proxy.address("plain"), "plain", 0)
    try:
        holder.hold(CROWD)
        time.sleep(SETTLE)
        seen = proxy.ask("ps")
        return {
            "in_flight": len(seen.splitlines()) - 1,
            "ps_ms": milliseconds(lambda: proxy.ask("ps")),
            "metrics_ms": milliseconds(lambda: metrics(proxy.admin_port))}
    finally:
        holder.stop()


def milliseconds(look):
    times = []
    for _ in range(LOOKS):
        begin = time.monotonic()
        look()
        times.append((time.monotonic() - begin) * 1e3)
    return statistics.median(times)


def metrics(port):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    if answer.status != 200 or b"lychgate_" not in answer.read():
        raise load.LoadFailed(f"/metrics: {answer.status}")
    connection.close()


def start(proxy, seconds):
    """From its start to its first answer, and what it is then, with nothing to do."""
    del seconds
    figures = {"ready_ms": proxy.ready_ms, "start_cpu_ms": proxy.cpu().total * 1e3}
    time.sleep(1)
    before = proxy.cpu()
    time.sleep(IDLE_SECONDS)
    used = (proxy.cpu() - before).total
    return figures | {
        "idle_mib": processes.anonymous_kib(proxy.pid) / 1024, "idle_cpu_percent": used / IDLE_SECONDS * 100}


# By name: the function, and which upstream it needs.
OBJECTS, STREAMS, SECURE = "objects", "streams", "secure"
MODES = {
    "start": (start, OBJECTS), "tls": (tls, OBJECTS), "plain": (plain, OBJECTS), "h2": (h2, OBJECTS),
    "rate": (rate, OBJECTS), "large": (large, OBJECTS), "connect": (connect, OBJECTS), "resume": (resume, OBJECTS),
    "connect-plain": (connect_plain, OBJECTS), "tunnel": (tunnel, STREAMS), "hold": (hold, STREAMS),
    "hold-large": (hold_large, STREAMS), "hold-h2": (hold_h2, STREAMS), "pool": (pool, OBJECTS),
    "crowd": (crowd, STREAMS), "upstream-h1": (upstream, SECURE), "upstream-h2": (upstream, SECURE)}
# These say the same each time, and take long: fewer rounds.
SLOW_MODES = {"hold", "hold-large", "hold-h2", "start", "pool", "crowd"}
# What a hundredth of the requests waits for differs from one turn to the next by half and more: more turns in each round.
TURNS = {"rate": 3}
# About lychgate's own parts: how many workers it has there, whether it is to have an admin process, and what it speaks
# to the API server.
SETTINGS = {
    "pool": {"workers": POOL_WORKERS}, "crowd": {"workers": POOL_WORKERS, "admin": True},
    "upstream-h1": {"http2": "off"}, "upstream-h2": {"http2": "auto"}}
