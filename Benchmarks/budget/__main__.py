# SPDX-License-Identifier: Apache-2.0
"""python -m budget [--update] [--only TEXT]"""

import argparse
import json
import platform
import re
import subprocess
import sys
from pathlib import Path

from bench import workspace

from . import client
from .counting import count, prepare, symbol
from .notices import Ticks
from .server import Surroundings

FILE = workspace.SOURCE / "budget.json"
ALLOWANCE = 0.05
# The difference between the two loads is what counts, so that start and end cancel out.
FEW, MANY = 60, 300
IDLE_FEW, IDLE_MANY = 4, 12
AUTHENTICATE = r" t \$s6Worker13AuthenticatorC12authenticate\S*F$"


class Measures:
    """Each group of figures: what they are called, and the numbers."""

    def __init__(self, surroundings):
        self.surroundings = surroundings
        self.ticks = Ticks()

    def groups(self):
        return {
            "request, plain HTTP/1.1": self.plain, "request, TLS 1.3 and HTTP/1.1": self.tls,
            "request, TLS 1.3 and HTTP/2": self.http2, "token cache hit": self.cache_hit,
            "hand-off, in the supervisor": self.hand_off, "idle second of the supervisor": self.idle}

    def per_item(self, load, **options):
        """Both runs last equally many seconds of the supervisor's: what is done once a second cancels out as well."""
        def run(number, lasting):
            return count(
                self.surroundings, lambda *ports: load(number, *ports), ticks=self.ticks, lasting=lasting, **options)

        many, took = run(MANY, 0)
        few, _ = run(FEW, took)
        return many.per(few, MANY - FEW)

    def request(self, load, name):
        found = self.per_item(load)
        yield f"{name}: instructions", found.instructions
        yield f"{name}: allocations", found.allocations
        yield f"{name}: system calls", found.system_calls

    def plain(self, name):
        yield from self.request(lambda number, _, port: client.requests(port, False, number), name)

    def tls(self, name):
        yield from self.request(lambda number, port, _: client.requests(port, True, number), name)

    def http2(self, name):
        yield from self.request(lambda number, port, _: client.streams(port, number), name)

    def cache_hit(self, name):
        found = self.per_item(
            lambda number, _, port: client.requests(port, False, number), toggle=symbol(AUTHENTICATE))
        yield f"{name}: instructions", found.instructions

    def hand_off(self, name):
        found = self.per_item(lambda number, _, port: client.connections(port, number), supervisor=True)
        yield f"{name}: instructions", found.instructions
        yield f"{name}: system calls", found.system_calls

    def idle(self, name):
        few, many = (
            count(self.surroundings, lambda *_: None, ticks=self.ticks, lasting=lasting, supervisor=True)[0]
            for lasting in (IDLE_FEW, IDLE_MANY))
        yield f"{name}: instructions", many.per(few, IDLE_MANY - IDLE_FEW).instructions


def versions():
    """What counts depend on beside our sources."""
    def text(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def package(name):
        return text("dpkg-query", "--show", "--showformat=${Version}", name).strip()

    swift = re.search(r"Swift version (\S+)", text("swift", "--version"))
    vectors = re.search(r"\bavx2\b", Path("/proc/cpuinfo").read_text())
    return {
        "architecture": platform.machine() + (" avx2" if vectors else ""), "swift": swift[1] if swift else "unknown",
        "libc6": package("libc6"), "libssl3": package("libssl3"), "libnghttp2": package("libnghttp2-14"),
        "valgrind": package("valgrind")}


def main():
    parser = argparse.ArgumentParser(prog="make budget", description="Counts instructions.")
    parser.add_argument("--update", action="store_true", help="record these counts as the budget")
    parser.add_argument("--only", default="", help="the groups of figures with this in their name; nothing is judged")
    options = parser.parse_args()
    workspace.prepare()
    prepare()
    found = {}
    for name, measure in Measures(Surroundings()).groups().items():
        if options.only not in name:
            continue
        for figure, value in measure(name):
            found[figure] = value
            print(f"counted: {figure}: {value:,}", flush=True)
    if options.only:
        return
    if options.update:
        FILE.write_text(json.dumps({"versions": versions(), "figures": found}, indent=4) + "\n")
        print(f"budget: recorded in {FILE.name}")
    else:
        compare(json.loads(FILE.read_text()), found)


def compare(budget, found):
    here = versions()
    other = [f"{name} {here[name]} (not {budget['versions'].get(name)})"
             for name in here if here[name] != budget["versions"].get(name)]
    if set(budget["figures"]) != set(found):
        sys.exit(f"budget: {FILE.name} has other figures than are measured: make budget UPDATE=1")
    grown = []
    for name, allowed in budget["figures"].items():
        growth = f"{found[name] / allowed - 1:+.1%} of " if allowed else ""
        print(f"budget: {name}: {found[name]:,}, {growth}{allowed:,}")
        # Where nothing is allowed, anything is too much.
        if found[name] > allowed * (1 + ALLOWANCE):
            grown.append(name)
    if other:
        print(f"budget: not judged, as it was recorded beside other versions: {', '.join(other)}; on a commit known to"
              " be good, record anew by make budget UPDATE=1")
    elif grown:
        sys.exit(f"budget: more than {ALLOWANCE:.0%} above the budget: {', '.join(grown)}")


main()
