# SPDX-License-Identifier: Apache-2.0
"""python -m bench: see --help, or Benchmarks/README.md."""

import argparse
import contextlib
import datetime
import os
import sys
import time
from pathlib import Path

from . import machine, results, workspace
from .load import LoadFailed, wrk
from .modes import MODES, SETTINGS, SLOW_MODES, TURNS, Unsupported
from .peers import NotReady, all_peers
from .upstreams import Upstreams

WARM_UP_SECONDS = 1
# A build that has just ended stands in the load average for minutes, and could not be told from other work.
QUIET_LOAD, QUIET_LIMIT_SECONDS = 0.5, 300


def names(text):
    return [name for name in text.replace(",", " ").split() if name]


def arguments():
    parser = argparse.ArgumentParser(prog="make bench", description="Measures lychgate beside its peers.")
    parser.add_argument("--peers", type=names, default=[], help="which, with commas; all without it")
    parser.add_argument("--modes", type=names, default=[], help="which, with commas; all without it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow-rounds", type=int, default=2, help="of held watches and of starts")
    parser.add_argument("--seconds", type=int, default=4, help="of load for each figure")
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    parser.add_argument("--publish", action="store_true", help="write docs/benchmarks/ too")
    parsed = parser.parse_args()
    known = all_peers()
    parsed.peers = parsed.peers or list(known)
    parsed.modes = parsed.modes or list(MODES)
    for given, allowed in ((parsed.peers, known), (parsed.modes, MODES)):
        if wrong := set(given) - set(allowed):
            parser.error(f"unknown: {', '.join(sorted(wrong))}; there are {', '.join(allowed)}")
    return parsed, {name: known[name] for name in parsed.peers}


def wait_until_quiet():
    limit = time.monotonic() + QUIET_LIMIT_SECONDS
    while os.getloadavg()[0] > QUIET_LOAD and time.monotonic() < limit:
        time.sleep(2)


def measure(peers, modes, upstreams, seconds):
    """One round: of each mode all peers, one right behind the other. The machine may be another a minute later."""
    alone = [mode for mode in modes if mode in SLOW_MODES or mode in SETTINGS]
    for mode in alone:
        for peer in peers:
            yield peer, mode, fresh(peer, mode, upstreams, seconds)
    shared = [mode for mode in modes if mode not in alone]
    for kind in dict.fromkeys(MODES[mode][1] for mode in shared):
        yield from together(peers, [mode for mode in shared if MODES[mode][1] == kind], kind, upstreams, seconds)


def fresh(peer, mode, upstreams, seconds):
    """Memory and starts are measured on a proxy of their own, as is what has settings."""
    # What has settings is about lychgate's own parts.
    if mode in SETTINGS and not peer.control:
        return {"skipped": "it has no such thing"}
    try:
        proxy = peer.start(getattr(upstreams, MODES[mode][1]), upstreams.issuer, **SETTINGS.get(mode, {}))
    except NotReady as error:
        return {"failed": f"not started: {error}"}
    try:
        if mode not in ("start", "pool"):
            wrk(proxy.url("https"), WARM_UP_SECONDS)
        return one(mode, proxy, seconds)
    except LoadFailed as error:
        return {"failed": str(error)}
    finally:
        proxy.stop()


def together(peers, modes, kind, upstreams, seconds):
    """Modes for which all proxies are there at once; those whose turn it is not have nothing to do."""
    started = []
    try:
        for peer in peers:
            try:
                started.append((peer, peer.start(getattr(upstreams, kind), upstreams.issuer)))
            except NotReady as error:
                yield from ((peer, mode, {"failed": f"not started: {error}"}) for mode in modes)
        for _, proxy in started:
            # Whatever fails here fails in the modes, too, and is told there.
            with contextlib.suppress(LoadFailed):
                wrk(proxy.url("https"), WARM_UP_SECONDS)
        for mode in modes:
            for _ in range(TURNS.get(mode, 1)):
                for peer, proxy in started:
                    yield peer, mode, one(mode, proxy, seconds)
    finally:
        for _, proxy in started:
            proxy.stop()


def one(mode, proxy, seconds):
    try:
        return {"figures": MODES[mode][0](proxy, seconds)}
    except Unsupported as reason:
        return {"skipped": str(reason)}
    except (LoadFailed, OSError, ZeroDivisionError) as error:
        return {"failed": f"{type(error).__name__}: {error}"}


def main():
    options, peers = arguments()
    if os.cpu_count() < 2:
        sys.exit("bench: needs two cores, one for the proxy and one for the load")
    workspace.prepare()
    workspace.build_tools()
    wait_until_quiet()
    samples, loads = [], [os.getloadavg()[0]]
    upstreams = Upstreams()
    try:
        for turn in range(options.rounds):
            modes = [m for m in options.modes if m not in SLOW_MODES or turn < options.slow_rounds]
            order = list(peers.values())
            # A different peer begins each round, so that none is always the one after a cold start or a busy spell.
            order = order[turn % len(order):] + order[:turn % len(order)]
            for peer, mode, outcome in measure(order, modes, upstreams, options.seconds):
                load_average = round(os.getloadavg()[0], 2)
                samples.append({
                    "round": turn, "peer": peer.name, "mode": mode, "load_average": load_average} | outcome)
                print(f"bench: round {turn + 1}, {peer.name}, {mode}: {line(outcome)}", flush=True)
    finally:
        upstreams.stop()
    loads.append(os.getloadavg()[0])
    titles = {name: peer.title for name, peer in peers.items()}
    result = {
        "date": datetime.date.today().isoformat(), "revision": machine.revision(), "machine": machine.machine(),
        "versions": machine.versions(peers.values()), "load_average": loads,
        "settings": {
            "rounds": options.rounds, "slow_rounds": min(options.slow_rounds, options.rounds),
            "seconds": options.seconds},
        "medians": results.medians(samples, list(peers), options.modes), "samples": samples}
    results.show(result, titles)
    results.write(result, titles, options.out, options.publish)
    failures = [s for s in samples if "failed" in s]
    if failures:
        sys.exit(f"bench: {len(failures)} of {len(samples)} measurements failed; see {options.out}")


def line(outcome):
    if "figures" in outcome:
        return ", ".join(f"{name} {value:.4g}" for name, value in list(outcome["figures"].items())[:5])
    return "skipped: " + outcome["skipped"] if "skipped" in outcome else "FAILED: " + outcome["failed"]


main()
