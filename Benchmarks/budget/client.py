# SPDX-License-Identifier: Apache-2.0
"""A client that asks one thing after the other, so that each run is the same as the last."""

import re
import socket
import ssl
import subprocess
import time

from bench.peers import OBJECT_PATH
from bench.workspace import CERTS

# Requests a second over HTTP/2: as few as with the pause.
STREAM_RATE = 100
# After each step, so that the gateway is done with it before the next: how much it handles in one turn would else be
# chance, and with it the count.
PAUSE = 0.01


def connect(port, over_tls):
    connection = socket.create_connection(("127.0.0.1", port), 60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not over_tls:
        return connection
    context = ssl.create_default_context(cafile=CERTS / "ca.crt")
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    return context.wrap_socket(connection, server_hostname="localhost")


def ask(connection):
    token = (CERTS / "token").read_text()
    connection.sendall(
        f"GET {OBJECT_PATH} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: kubectl/v1.34.0 (linux/amd64)\r\n"
        f"Accept: application/json\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    got = b""
    while b"\r\n\r\n" not in got:
        got += receive(connection)
    head, body = got.split(b"\r\n\r\n", 1)
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise SystemExit(f"budget: {head.decode()}")
    length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    while len(body) < length:
        body += receive(connection)


def receive(connection):
    data = connection.recv(65_536)
    if not data:
        raise SystemExit("budget: the gateway closed the connection")
    return data


def requests(port, over_tls, count):
    """So many requests over one connection."""
    with connect(port, over_tls) as connection:
        for _ in range(count):
            ask(connection)
            time.sleep(PAUSE)


def connections(port, count):
    """So many plain connections, each with one request."""
    for _ in range(count):
        with connect(port, False) as connection:
            ask(connection)
            time.sleep(PAUSE)
        time.sleep(PAUSE)


def streams(port, count):
    """So many requests, one after the other, over one connection of HTTP/2."""
    token = (CERTS / "token").read_text()
    output = subprocess.run(
        ["h2load", f"-n{count}", "-c1", "-m1", "-t1", f"--rps={STREAM_RATE}", "-H", f"authorization: Bearer {token}",
         "-H", "accept: application/json", f"https://127.0.0.1:{port}{OBJECT_PATH}"],
        capture_output=True, text=True, check=True).stdout
    if not re.search(rf"\b{count} succeeded", output) or "Application protocol: h2" not in output:
        raise SystemExit(f"budget: h2load said: {output}")
