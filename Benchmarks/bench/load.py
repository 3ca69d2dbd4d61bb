# SPDX-License-Identifier: Apache-2.0
"""The load generators."""

import json
import re
import subprocess
from pathlib import Path

from . import processes
from .workspace import BIN, CERTS, RUN

CONNECTIONS = 64
H2_CONNECTIONS, H2_STREAMS = 8, 16
RATE, RATE_CLIENTS = 4_000, 32


class LoadFailed(Exception):
    pass


def token():
    return (CERTS / "token").read_text()


def run(command):
    process = processes.start(
        command, processes.LOAD_CORE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output, _ = process.communicate()
    return output


def wrk(url, seconds, connections=CONNECTIONS):
    """Keep-alive connections that ask as fast as they are answered."""
    output = run([
        "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s",
        "-s", Path(__file__).with_name("wrk.lua"), "-H", f"Authorization: Bearer {token()}", url])
    found = re.search(r"^JSON (.*)$", output, re.MULTILINE)
    if not found:
        raise LoadFailed(f"wrk said: {output.strip()}")
    result = json.loads(found[1])
    if result["refused"] or result["failed"] or not result["requests"]:
        raise LoadFailed(f"wrk: {result}")
    return result


def h2load_rate(url, seconds):
    """HTTP/1.1 at a fixed rate: the sorted latencies in microseconds."""
    log = RUN / "h2load.log"
    log.unlink(missing_ok=True)
    run([
        "h2load", "--h1", f"-c{RATE_CLIENTS}", "-t1", f"--rps={RATE // RATE_CLIENTS}", "-D", seconds,
        "--log-file", log, "-H", f"authorization: Bearer {token()}", url])
    lines = [line.split() for line in log.read_text().splitlines()]
    if not lines or any(line[1] != "200" for line in lines):
        raise LoadFailed("h2load: not every answer was 200")
    return sorted(int(line[2]) for line in lines)


def h2load(url, seconds):
    """HTTP/2, with streams in parallel: how many requests were answered."""
    output = run([
        "h2load", f"-c{H2_CONNECTIONS}", f"-m{H2_STREAMS}", "-t1", "-D", seconds,
        "-H", f"authorization: Bearer {token()}", url])
    succeeded, failed = re.search(r"(\d+) succeeded", output), re.search(r"(\d+) failed", output)
    if not succeeded or int(failed[1]) or "Application protocol: h2" not in output:
        raise LoadFailed(f"h2load said: {output.strip()}")
    return int(succeeded[1])


def client(subcommand, address, scheme, *arguments):
    """One run of our own client."""
    output = run([BIN / "client", subcommand, address, scheme, CERTS / "token", *arguments])
    try:
        return json.loads(output)
    except ValueError:
        raise LoadFailed(f"client {subcommand} said: {output.strip()}") from None


class Holder:
    """Our client, holding watches."""

    def __init__(self, address, scheme, large):
        self.process = processes.start(
            [BIN / "client", "hold", address, scheme, CERTS / "token", large], processes.LOAD_CORE,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None, text=True)

    def hold(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        result = json.loads(self.process.stdout.readline())
        if result["held"] != count:
            raise LoadFailed(f"held {result['held']} of {count}: {result.get('error')}")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
