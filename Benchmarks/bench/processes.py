# SPDX-License-Identifier: Apache-2.0
"""Processes pinned to a core, and what they cost: CPU time and anonymous memory of a whole tree."""

import os
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .workspace import RUN

PROXY_CORE = 0
LOAD_CORE = 1
DESCRIPTORS = 20_000
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class CPU:
    """Seconds of CPU so far; `total` is exact (schedstat), the split is by the kernel's ticks."""

    total: float = 0
    user: float = 0
    system: float = 0

    def __sub__(self, other):
        total = self.total - other.total
        ticks = max(self.user - other.user, 0), max(self.system - other.system, 0)
        share = ticks[0] / sum(ticks) if sum(ticks) > 0 else 0
        return CPU(total, total * share, total * (1 - share))

    def __add__(self, other):
        return CPU(self.total + other.total, self.user + other.user, self.system + other.system)


def on_core(core):
    def prepare():
        os.sched_setaffinity(0, {core})
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard == resource.RLIM_INFINITY or hard > DESCRIPTORS:
            hard = max(DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    return prepare


def start(command, core, environment=None, **options):
    """Starts a program on one core, its output in a file of its name unless `options` say otherwise."""
    options.setdefault("stderr", subprocess.STDOUT)
    if "stdout" not in options:
        options["stdout"] = open(RUN / f"{Path(command[0]).name}.out", "ab")
    return subprocess.Popen(
        list(map(str, command)), preexec_fn=on_core(core), env=dict(os.environ, **(environment or {})), **options)


def stop(process):
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        for pid in tree(process.pid):
            os.kill(pid, 9)
        process.wait()


def tree(pid):
    """A process and its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid] + [grandchild for child in children for grandchild in tree(int(child))]


def own_cpu(pid):
    total = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            total += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return CPU()
    return CPU(total / 1e9, int(fields[11]) / TICK, int(fields[12]) / TICK)


def cpu(pid):
    """What a process and its living descendants have used."""
    return sum((own_cpu(each) for each in tree(pid)), CPU())


def anonymous_kib(pid):
    """RssAnon of a process and its descendants, KiB."""
    total = 0
    for each in tree(pid):
        try:
            status = Path(f"/proc/{each}/status").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:"))
    return total
