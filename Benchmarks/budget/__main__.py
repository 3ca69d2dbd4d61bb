# SPDX-License-Identifier: Apache-2.0
"""python -m budget [--update]"""

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
from .server import Surroundings

FILE = workspace.SOURCE / "budget.json"
ALLOWANCE = 0.05
# The difference between the two loads is what counts, so that start and end cancel out.
FEW, MANY = 100, 600
AUTHENTICATE = r" t \$s6Worker13AuthenticatorC12authenticate\S*F$"


def measures(surroundings):
    """Each figure: what it is called, and the instructions of one."""
    def difference(load, **options):
        few, many = (count(surroundings, lambda *ports, n=n: load(n, *ports), **options) for n in (FEW, MANY))
        return round((many - few) / (MANY - FEW))

    def plain(n, _, port):
        client.requests(port, False, n)

    yield "request, plain HTTP/1.1", difference(plain)
    yield "request, TLS 1.3 and HTTP/1.1", difference(lambda n, port, _: client.requests(port, True, n))
    yield "token cache hit", difference(plain, toggle=symbol(AUTHENTICATE))
    yield "hand-off, in the supervisor", difference(lambda n, _, port: client.connections(port, n), supervisor=True)


def versions():
    """What instruction counts depend on beside our sources."""
    def text(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def package(name):
        return text("dpkg-query", "--show", "--showformat=${Version}", name).strip()

    swift = re.search(r"Swift version (\S+)", text("swift", "--version"))
    vectors = re.search(r"\bavx2\b", Path("/proc/cpuinfo").read_text())
    return {
        "architecture": platform.machine() + (" avx2" if vectors else ""), "swift": swift[1] if swift else "unknown",
        "libc6": package("libc6"), "libssl3": package("libssl3"), "valgrind": package("valgrind")}


def main():
    parser = argparse.ArgumentParser(prog="make budget", description="Counts instructions.")
    parser.add_argument("--update", action="store_true", help="record these counts as the budget")
    options = parser.parse_args()
    workspace.prepare()
    prepare()
    found = {}
    for name, instructions in measures(Surroundings()):
        found[name] = instructions
        print(f"budget: {name}: {instructions:,} instructions", flush=True)
    if options.update:
        FILE.write_text(json.dumps({"versions": versions(), "instructions": found}, indent=4) + "\n")
        print(f"budget: recorded in {FILE.name}")
    else:
        compare(json.loads(FILE.read_text()), found)


def compare(budget, found):
    here = versions()
    other = [f"{name} {here[name]} (not {budget['versions'].get(name)})"
             for name in here if here[name] != budget["versions"].get(name)]
    grown = []
    for name, allowed in budget["instructions"].items():
        growth = found[name] / allowed - 1
        print(f"budget: {name}: {growth:+.1%} of {allowed:,}")
        if growth > ALLOWANCE:
            grown.append(name)
    if other:
        print(f"budget: not judged, as it was recorded beside other versions: {', '.join(other)}; on a commit known to"
              " be good, record anew by make budget UPDATE=1")
    elif grown:
        sys.exit(f"budget: more than {ALLOWANCE:.0%} above the budget: {', '.join(grown)}")


main()
