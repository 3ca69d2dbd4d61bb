# SPDX-License-Identifier: Apache-2.0
"""What the figures were taken on."""

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path

VERSION_NUMBER = re.compile(r"\d+\.\d+[.\w~+-]*")


def first_version(command):
    try:
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    found = VERSION_NUMBER.search(result.stdout + result.stderr)
    return found[0] if found else "unknown"


def machine():
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    return {
        "processor": processor[1] if processor else platform.machine(), "cores": os.cpu_count(),
        "memory_gib": round(int(memory[1]) / 2**20), "kernel": platform.release().split("-")[0],
        "system": system[1] if system else "unknown"}


def versions(peers):
    found = {peer.name: first_version(peer.version) for peer in peers if peer.version}
    found |= {peer.name: importlib.metadata.version(peer.package) for peer in peers if peer.package}
    return found | {
        "openssl": first_version(["openssl", "version"]), "wrk": first_version(["wrk", "-v"]),
        "h2load": first_version(["h2load", "--version"])}


def revision():
    """The commit measured, with a + when there are changes beside it."""
    def git(*arguments):
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "Sources", "Package.swift")
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
