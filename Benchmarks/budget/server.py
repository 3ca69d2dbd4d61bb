# SPDX-License-Identifier: Apache-2.0
"""The API server and the issuer that the gateway needs while its instructions are counted: the same answer always."""

import contextlib
import json
import socket
import ssl
import threading

from bench import credentials
from bench.workspace import CERTS, free_port


def respond(connection, answer):
    """Reads heads without bodies, and answers each."""
    with contextlib.suppress(OSError), connection:
        pending = b""
        while data := connection.recv(65_536):
            pending += data
            while b"\r\n\r\n" in pending:
                head, pending = pending.split(b"\r\n\r\n", 1)
                body = answer(head.split(b" ", 2)[1].decode())
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(body), body))


def serve(port, answer, context=None):
    listener = socket.create_server(("127.0.0.1", port), backlog=128)

    def accept():
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(OSError):
                if context:
                    connection = context.wrap_socket(connection, server_side=True)
                threading.Thread(target=respond, args=(connection, answer), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


class Surroundings:
    """Ports of both, and everything in CERTS."""

    def __init__(self):
        self.upstream_port, issuer_port = free_port(), free_port()
        self.issuer = f"https://127.0.0.1:{issuer_port}"
        credentials.make(self.issuer)
        pod = credentials.pod().encode()
        keys = (CERTS / "keys.json").read_bytes()
        discovery = json.dumps({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}).encode()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTS / "server.crt", CERTS / "server.key")
        serve(self.upstream_port, lambda _: pod)
        serve(issuer_port, lambda path: keys if path == "/keys" else discovery, context)
