# SPDX-License-Identifier: Apache-2.0
"""Stands for systemd: hears the supervisor's sign of life (sd_notify(3)), which it gives with each of its seconds.

So two runs can be made to last equally many of them, and what the gateway does once a second cancels out, however fast
the machine is at the moment."""

import socket
import threading
import time

from bench.workspace import RUN

SOCKET = RUN / "notify.sock"
# The supervisor's seconds are shorter for a watchdog that wants to hear from it more often than this.
WATCHDOG_SECONDS = 30
PATIENCE = 60


class Ticks:
    """Signs of life of the process that is running now."""

    def __init__(self):
        self.seen = 0
        self.changed = threading.Condition()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(SOCKET))
        threading.Thread(target=self.listen, daemon=True).start()

    def environment(self):
        return {"NOTIFY_SOCKET": str(SOCKET), "WATCHDOG_USEC": str(WATCHDOG_SECONDS * 1_000_000)}

    def listen(self):
        while True:
            text = self.socket.recv(4_096)
            with self.changed:
                self.seen += text.split(b"\n").count(b"WATCHDOG=1")
                self.changed.notify_all()

    def restart(self):
        with self.changed:
            self.seen = 0

    def wait(self, number):
        """Until there have been so many since `restart`."""
        limit = time.monotonic() + number + PATIENCE
        with self.changed:
            while self.seen < number:
                if not self.changed.wait(limit - time.monotonic()):
                    raise SystemExit(f"budget: the supervisor gave {self.seen} signs of life, not {number}")
        return number
