# SPDX-License-Identifier: Apache-2.0
"""Where things are, and the templates of configurations."""

import os
import random
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
ROOT = SOURCE.parent
BUILD = ROOT / ".build" / "bench"
RUN = BUILD / "run"
CERTS = BUILD / "certs"
BIN = BUILD / "bin"
PROGRAMS = ROOT / ".build" / "shipped" / "release"
# Below the kernel's range for outgoing connections, so that none of those takes one of our ports.
PORTS = range(20_000, 32_000)


def prepare():
    """An empty folder for this run."""
    for folder in (RUN, CERTS):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    BIN.mkdir(parents=True, exist_ok=True)


def free_port():
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def fill(template, values):
    """The text of `template` with each @NAME@ replaced; a name without a value is an error."""
    text = (SOURCE / "peers" / template).read_text()
    return re.sub(r"@([A-Z_]+)@", lambda match: str(values[match[1]]), text)


def build_tools():
    """The Go programs, by PyPI's Go: the client, the upstream and the ReverseProxy peer."""
    environment = dict(os.environ, GOCACHE=str(BUILD / "gocache"), GOTOOLCHAIN="local", GOFLAGS="-trimpath")
    for name in ("client", "proxy", "upstream"):
        subprocess.run(
            [go_program(), "build", "-o", BIN / name, f"./{name}"],
            cwd=SOURCE / "tools", env=environment, check=True)


def go_program():
    return site_packages() / "go" / "bin" / "go"


def envoy_program():
    return site_packages() / "envoy" / "_bin" / "envoy"


def site_packages():
    return Path(sys.prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
