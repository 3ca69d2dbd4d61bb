# SPDX-License-Identifier: Apache-2.0
"""Requests without a pause over several HTTP/2 connections, by the rules for GOAWAY (RFC 9113 section 6.8): after it no
new stream is begun on its connection, the streams below its last number must be answered, and only those above it are
asked for again elsewhere. Goes on for SECONDS, and prints one JSON object."""

import json
import os
import sys
import threading
import time

import hpack
from http2_client import Client, block, frame

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
AT_ONCE = 8


class Connection:
    """One connection on frames alone: the library h2 takes nothing behind a GOAWAY."""

    def __init__(self, path):
        self.client = Client()
        self.client.socket.settimeout(20)
        # A connection window that is never used up.
        self.client.raw(frame(WINDOW_UPDATE, 0, 0, (1 << 30).to_bytes(4, "big")))
        self.head = block(self.client.fields(path=path))
        self.decoder = hpack.Decoder()
        self.buffer = bytearray()
        self.open = {}
        self.next = 1
        self.last = None
        self.ended = False

    def begin(self):
        self.client.raw(frame(HEADERS, 0x5, self.next, self.head))
        self.open[self.next] = None
        self.next += 2

    def read(self, tally):
        try:
            data = self.client.socket.recv(65536)
        except OSError as error:
            data = b""
            tally["errors"].append(repr(error))
        if not data:
            self.ended = True
            return
        self.buffer += data
        while len(self.buffer) >= 9 and len(self.buffer) >= 9 + int.from_bytes(self.buffer[:3], "big"):
            length = int.from_bytes(self.buffer[:3], "big")
            kind, flags = self.buffer[3], self.buffer[4]
            stream = int.from_bytes(self.buffer[5:9], "big")
            payload = bytes(self.buffer[9:9 + length])
            del self.buffer[:9 + length]
            self.take(kind, flags, stream, payload, tally)

    def take(self, kind, flags, stream, payload, tally):
        if kind == SETTINGS and not flags & 1:
            self.client.raw(frame(SETTINGS, 1, 0))
        elif kind == PING and not flags & 1:
            self.client.raw(frame(PING, 1, 0, payload))
        elif kind == GOAWAY:
            self.last = int.from_bytes(payload[:4], "big")
            tally["goaways"] += 1
            code = int.from_bytes(payload[4:8], "big")
            if code:
                tally["errors"].append(f"GOAWAY {code}")
            for number in [n for n in self.open if n > self.last]:
                del self.open[number]
                tally["again"] += 1
        elif kind == HEADERS:
            fields = dict(self.decoder.decode(payload))
            self.open[stream] = fields.get(":status", self.open.get(stream))
        elif kind == RST_STREAM:
            code = int.from_bytes(payload, "big")
            if code == 7:
                tally["again"] += 1
            else:
                tally["errors"].append(f"RST_STREAM {code}")
            self.open.pop(stream, None)
        if kind in (DATA, HEADERS) and flags & 1 and stream in self.open:
            status = self.open.pop(stream)
            if status == "200":
                tally["served"] += 1
            else:
                tally["errors"].append(f"status {status}")

    def run(self, until, tally):
        while not self.ended:
            if self.last is None and time.monotonic() < until:
                while len(self.open) < AT_ONCE:
                    self.begin()
            elif not self.open:
                break
            self.read(tally)
        tally["errors"] += [f"stream {n} lost" for n in self.open if self.ended]
        self.client.close()


def work(path, until, tally):
    while time.monotonic() < until:
        tally["connections"] += 1
        try:
            Connection(path).run(until, tally)
        except OSError as error:
            tally["errors"].append(repr(error))


def main():
    path, seconds = sys.argv[1], float(sys.argv[2])
    until = time.monotonic() + seconds
    tallies = [{"served": 0, "again": 0, "goaways": 0, "connections": 0, "errors": []} for _ in range(4)]
    threads = [threading.Thread(target=work, args=(path, until, tally)) for tally in tallies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = {key: sum(t[key] for t in tallies) for key in ("served", "again", "goaways", "connections")}
    total["errors"] = [error for t in tallies for error in t["errors"]][:20]
    print(json.dumps(total))


main()
