# SPDX-License-Identifier: Apache-2.0
"""What the proxies are in front of: nginx for short answers, a program of ours for watches and tunnels."""

import socket
import time

from . import credentials, processes
from .workspace import BIN, CERTS, RUN, fill, free_port


class Upstreams:
    """Both, on plain HTTP, beside the issuer on TLS; nginx on TLS, too. They share the load generators' core."""

    def __init__(self):
        self.objects, self.streams, self.issuer_port, self.secure = (free_port() for _ in range(4))
        self.issuer = f"https://127.0.0.1:{self.issuer_port}"
        credentials.make(self.issuer)
        configuration = RUN / "upstream.conf"
        configuration.write_text(fill("upstream.conf", {
            "UPSTREAM_PORT": self.objects, "SECURE_PORT": self.secure, "ISSUER_PORT": self.issuer_port, "ISSUER": self.issuer,
            "CERTS": CERTS, "RUN": RUN, "POD": credentials.pod()}))
        self.running = [
            processes.start(["/usr/sbin/nginx", "-c", configuration], processes.LOAD_CORE),
            processes.start(
                [BIN / "upstream", f"127.0.0.1:{self.streams}", CERTS / "pod.json"], processes.LOAD_CORE)]
        for port in (self.objects, self.streams, self.issuer_port):
            self.wait(port)

    @staticmethod
    def wait(port):
        limit = time.monotonic() + 10
        while time.monotonic() < limit:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise SystemExit(f"bench: the upstream did not start; see {RUN}")

    def stop(self):
        for process in self.running:
            processes.stop(process)
