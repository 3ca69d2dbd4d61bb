# SPDX-License-Identifier: Apache-2.0
"""Opens CONNECTIONS HTTP/2 connections with STREAMS watches each, prints `open`, and holds them until it is killed."""

import selectors
import sys

from http2_client import Client, block, frame

DATA, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 4, 6, 7, 8


class Connection:
    def __init__(self, streams):
        self.client = Client()
        self.buffer = bytearray()
        self.begun = 0
        head = block(self.client.fields(path="/api/v1/pods?watch=true"))
        # A run of requests at a time, so that neither side's buffers overflow.
        self.heads = [frame(1, 0x5, 2 * i + 1, head) for i in range(streams)]

    def ask(self):
        run, self.heads = self.heads[:10], self.heads[10:]
        if run:
            self.client.raw(b"".join(run))

    def read(self):
        """Returns how many watches have begun by what came."""
        self.client.socket.settimeout(5)
        data = self.client.socket.recv(65536)
        if not data:
            sys.exit("a connection was closed")
        self.buffer += data
        begun = 0
        while len(self.buffer) >= 9 and len(self.buffer) >= 9 + int.from_bytes(self.buffer[:3], "big"):
            length = int.from_bytes(self.buffer[:3], "big")
            kind, flags = self.buffer[3], self.buffer[4]
            payload = bytes(self.buffer[9:9 + length])
            del self.buffer[:9 + length]
            if kind == DATA:
                if flags & 1:
                    sys.exit("a watch has ended")
                begun += 1
            elif kind == 3 or kind == GOAWAY:
                sys.exit(f"frame {kind}: {payload.hex()}")
            elif kind == SETTINGS and not flags & 1:
                self.client.raw(frame(SETTINGS, 1, 0))
            elif kind == PING and not flags & 1:
                self.client.raw(frame(PING, 1, 0, payload))
        self.begun += begun
        return begun


def main():
    connections, streams = int(sys.argv[1]), int(sys.argv[2])
    selector = selectors.DefaultSelector()
    begun = 0
    for _ in range(connections):
        connection = Connection(streams)
        while connection.begun < streams:
            connection.ask()
            wanted = min(streams, connection.begun + 10)
            while connection.begun < wanted:
                begun += connection.read()
        selector.register(connection.client.socket, selectors.EVENT_READ, connection)
        # Whoever came first must not wait for the last one with its PINGs.
        for key, _ in selector.select(0):
            key.data.read()
    print("open", begun, flush=True)
    while True:
        for key, _ in selector.select():
            key.data.read()


main()
