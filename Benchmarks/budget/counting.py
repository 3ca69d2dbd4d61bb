# SPDX-License-Identifier: Apache-2.0
"""lychgate with its worker, or its supervisor, under callgrind."""

import re
import subprocess
import time

from bench.workspace import CERTS, PROGRAMS, RUN, SOURCE, fill, free_port

from . import client, pidfds

# Swift seeds its hash tables anew in each process, which would make each run another.
SETTINGS = {
    "SWIFT_DETERMINISTIC_HASHING": "1", "PATH": "/usr/bin:/bin", "LD_PRELOAD": str(RUN / "shim.so"),
    "LYCHGATE_BUDGET_SOCKET": str(pidfds.SOCKET)}
START_LIMIT = 60


def prepare():
    """Builds the shim, and copies the programs without debug information: valgrind cannot read all of Swift's."""
    for program in ("lychgate", "lychgate-worker"):
        subprocess.run(["strip", "--strip-debug", "-o", RUN / program, PROGRAMS / program], check=True)
    subprocess.run(
        ["clang", "-O2", "-shared", "-fPIC", "-o", RUN / "shim.so", SOURCE / "budget" / "shim.c"], check=True)
    pidfds.serve()


def callgrind(out, toggle=None):
    command = ["/usr/bin/valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}"]
    return command + ([f"--toggle-collect={toggle}"] if toggle else [])


def wrapper(out, toggle):
    """A program that stands for lychgate-worker and runs the gateway role under callgrind."""
    worker = RUN / "lychgate-worker"
    settings = " ".join(f"{name}={value}" for name, value in SETTINGS.items())
    command = " ".join(f"'{word}'" for word in callgrind(out, toggle))
    path = RUN / "counted-worker"
    path.write_text(
        "#!/bin/sh\n"
        f"[ \"$1\" = gateway ] && exec env {settings} {command} '{worker}' \"$@\"\n"
        f"exec '{worker}' \"$@\"\n")
    path.chmod(0o755)
    return path


def count(surroundings, load, *, supervisor=False, toggle=None):
    """Instructions of one whole run of the worker (or the supervisor), from its start to its end.

    `load` gets the ports (TLS, plain)."""
    out = RUN / "callgrind.out"
    out.unlink(missing_ok=True)
    ports = free_port(), free_port()
    configuration = RUN / "lychgate.yaml"
    configuration.write_text(fill("lychgate.yaml", {
        "TLS_PORT": ports[0], "PLAIN_PORT": ports[1], "UPSTREAM_PORT": surroundings.upstream_port,
        "ISSUER": surroundings.issuer, "CERTS": CERTS, "RUN": RUN, "WORKERS": 1,
        "WORKER": RUN / "lychgate-worker" if supervisor else wrapper(out, toggle)})
        + "\n")
    command = callgrind(out) if supervisor else []
    with open(RUN / "lychgate.out", "ab") as log:
        process = subprocess.Popen(
            [*command, RUN / "lychgate", "serve", "--config", configuration], stdout=log,
            stderr=subprocess.STDOUT, env=SETTINGS)
    try:
        wait(process, ports[1])
        load(*ports)
        process.terminate()
        process.wait(60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return total(out)


def wait(process, port):
    """Until the worker has answered: the token is in its cache then, and a connection to the API server in its pool."""
    limit = time.monotonic() + START_LIMIT
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise SystemExit(f"budget: lychgate ended with {process.returncode}; see {RUN / 'lychgate.out'}")
        try:
            return client.requests(port, False, 1)
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"budget: lychgate did not start; see {RUN / 'lychgate.out'}")


def total(out):
    found = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE) if out.exists() else None
    if not found:
        raise SystemExit(f"budget: callgrind left no totals in {out}")
    return int(found[1])


def symbol(pattern):
    """The one mangled name in the worker that matches."""
    listing = subprocess.run(
        ["nm", RUN / "lychgate-worker"], capture_output=True, text=True, check=True).stdout
    names = sorted({line.split()[-1] for line in listing.splitlines() if re.search(pattern, line)})
    if len(names) != 1:
        raise SystemExit(f"budget: {len(names)} functions match {pattern}")
    return names[0]
