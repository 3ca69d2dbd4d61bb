#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plays systemd's end of sd_notify(3): starts a gateway with a NOTIFY_SOCKET, tells it to reload, to upgrade and to
stop, and prints every notification as one line.

notifications.py CONFIGURATION PROGRAM
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time


def main():
    configuration, program = sys.argv[1:3]
    path = os.path.join(tempfile.mkdtemp(), "notify")
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(path)
    gateway = subprocess.Popen(
        [program, "serve", "--config", configuration],
        env={**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    said = []

    def wait_for(text):
        """Reads until a notification says so."""
        while time.monotonic() < deadline:
            receiver.settimeout(max(0.01, deadline - time.monotonic()))
            message = receiver.recv(4096).decode().replace("\n", " ")
            print(message)
            said.append(message)
            if text in message:
                return
        raise SystemExit("no " + text)

    try:
        wait_for("READY=1")
        wait_for("WATCHDOG=1")
        wait_for("2 of 2 workers ready")
        print("-- SIGHUP")
        gateway.send_signal(signal.SIGHUP)
        wait_for("RELOADING=1")
        stamp = int(said[-1].split("MONOTONIC_USEC=")[1].split()[0])
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        print("-- stamped %s" % ("in time" if 0 <= now - stamp < 5_000_000 else "%d ago" % (now - stamp)))
        wait_for("READY=1")
        print("-- SIGUSR2")
        gateway.send_signal(signal.SIGUSR2)
        wait_for("RELOADING=1")
        wait_for("READY=1")
        wait_for("WATCHDOG=1")
        print("-- SIGTERM")
        gateway.send_signal(signal.SIGTERM)
        wait_for("STOPPING=1")
        print("-- exit %d" % gateway.wait(timeout=30))
    finally:
        gateway.kill()


if __name__ == "__main__":
    main()
