# SPDX-License-Identifier: Apache-2.0
"""lychgate with its worker, or its supervisor, under callgrind."""

import re
import subprocess
import time

from bench.workspace import CERTS, PROGRAMS, RUN, SOURCE, fill, free_port

from . import client, counts, pidfds

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
    command = [
        "/usr/bin/valgrind", "--quiet", "--tool=callgrind", "--collect-systime=yes", f"--callgrind-out-file={out}"]
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


def count(surroundings, load, *, ticks, lasting=0, supervisor=False, toggle=None):
    """The counts of one whole run of the worker (or the supervisor), from its start to its end, and how many of the
    supervisor's seconds it took: at least `lasting`.

    `load` gets the ports (TLS, plain)."""
    out = RUN / "callgrind.%p.out"
    for old in RUN.glob("callgrind.*.out"):
        old.unlink()
    ports = free_port(), free_port()
    configuration = RUN / "lychgate.yaml"
    configuration.write_text(fill("lychgate.yaml", {
        "TLS_PORT": ports[0], "PLAIN_PORT": ports[1], "UPSTREAM": f"http://127.0.0.1:{surroundings.upstream_port}",
        "ISSUER": surroundings.issuer, "CERTS": CERTS, "RUN": RUN, "WORKERS": 1, "ADMIN": "",
        "WORKER": RUN / "lychgate-worker" if supervisor else wrapper(out, toggle)})
        + "\n")
    command = callgrind(out) if supervisor else []
    ticks.restart()
    with open(RUN / "lychgate.out", "ab") as log:
        process = subprocess.Popen(
            [*command, RUN / "lychgate", "serve", "--config", configuration], stdout=log,
            stderr=subprocess.STDOUT, env=SETTINGS | ticks.environment())
    try:
        wait(process, ports[1])
        load(*ports)
        # Right behind a second's work, so that both of two runs end with the same one.
        took = ticks.wait(max(lasting, ticks.seen + 1))
        process.terminate()
        process.wait(60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    files = list(RUN.glob("callgrind.*.out"))
    if len(files) != 1:
        raise SystemExit(f"budget: {len(files)} processes were counted instead of one; see {RUN / 'lychgate.out'}")
    return counts.read(files[0]), took


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


def symbol(pattern):
    """The one mangled name in the worker that matches."""
    listing = subprocess.run(
        ["nm", RUN / "lychgate-worker"], capture_output=True, text=True, check=True).stdout
    names = sorted({line.split()[-1] for line in listing.splitlines() if re.search(pattern, line)})
    if len(names) != 1:
        raise SystemExit(f"budget: {len(names)} functions match {pattern}")
    return names[0]
