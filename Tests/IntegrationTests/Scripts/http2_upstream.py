# SPDX-License-Identifier: Apache-2.0
"""An API server of a few paths that speaks HTTP/2 over TLS (the library h2), and HTTP/1.1 no further than to say so.

PORT CONTROL_PORT CERTIFICATE KEY STREAMS: a line to the control port is answered with what is open, as JSON; `goaway`
there sends every connection GOAWAY, behind which what is open goes on."""

import asyncio
import hashlib
import json
import ssl
import sys

import h2.config
import h2.connection
import h2.events
import h2.settings

CERTIFICATE, KEY = sys.argv[3:5]
STREAMS = int(sys.argv[5])
# What bodies repeat; the first bytes of a repetition are never those of the one before.
BLOCK = hashlib.shake_256(b"lychgate").digest(65_536)


class State:
    connections = set()
    connections_begun = http1_begun = requests = resets = pings = declined = largest = 0
    refused = set()

    @classmethod
    def report(cls):
        open_streams = [path for peer in cls.connections for path in peer.open.values()]
        return {
            "connections": len(cls.connections), "connectionsBegun": cls.connections_begun,
            "http1Begun": cls.http1_begun, "requests": cls.requests, "resets": cls.resets, "pings": cls.pings,
            "declined": cls.declined, "streams": len(open_streams), "paths": sorted(open_streams),
            "largest": cls.largest,
        }


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


class Peer(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport):
        self.transport = transport
        self.h2 = None
        if transport.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            State.http1_begun += 1
            return
        State.connections_begun += 1
        State.connections.add(self)
        self.open, self.methods, self.bodies, self.sending, self.held = {}, {}, {}, {}, set()
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, validate_outbound_headers=False, normalize_outbound_headers=False))
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values={
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS,
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 262_144})
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(1 << 24)
        self.write()

    def write(self):
        self.transport.write(self.h2.data_to_send())

    def connection_lost(self, error):
        State.connections.discard(self)

    def data_received(self, data):
        if self.h2 is None:
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nhttp/1.1")
            return self.transport.close()
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError as error:
            print(error, file=sys.stderr, flush=True)
            self.write()
            return self.transport.close()
        for event in events:
            self.handle(event)
        self.write()

    def handle(self, event):
        if isinstance(event, h2.events.RequestReceived):
            fields = {name.decode(): value.decode() for name, value in event.headers}
            State.requests += 1
            self.open[event.stream_id] = fields[":path"]
            self.methods[event.stream_id] = fields[":method"]
            State.largest = max(State.largest, len(self.open))
            self.begin(event.stream_id, fields[":path"])
        elif isinstance(event, h2.events.DataReceived):
            if event.stream_id in self.held:
                return
            if event.stream_id in self.bodies:
                self.bodies[event.stream_id].update(event.data)
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            if event.stream_id in self.bodies:
                self.answer(event.stream_id, self.bodies.pop(event.stream_id).hexdigest().encode())
        elif isinstance(event, h2.events.StreamReset):
            State.resets += 1
            self.forget(event.stream_id)
        elif isinstance(event, (h2.events.WindowUpdated, h2.events.RemoteSettingsChanged)):
            for stream in list(self.sending):
                self.send_more(stream)
        elif isinstance(event, h2.events.PingReceived):
            State.pings += 1

    def forget(self, stream):
        for table in (self.open, self.methods, self.bodies, self.sending):
            table.pop(stream, None)

    def answer(self, stream, body=b"ok", fields=(), status="200"):
        head = [(":status", status), ("content-length", str(len(body))), *fields]
        bodiless = self.methods.get(stream) == "HEAD" or not body
        self.h2.send_headers(stream, head, end_stream=bodiless)
        if not bodiless:
            self.h2.send_data(stream, body, end_stream=True)
        self.forget(stream)

    def begin(self, stream, path):
        kind, _, rest = path[1:].partition("/")
        if kind == "check":
            self.bodies[stream] = hashlib.sha256()
        elif kind in ("sized", "plain", "flood"):
            size = 1 << 40 if kind == "flood" else int(rest)
            head = [(":status", "200"), ("content-type", "application/octet-stream")]
            self.h2.send_headers(stream, head + ([("content-length", rest)] if kind == "sized" else []))
            self.sending[stream] = [size, 0]
            self.send_more(stream)
        elif kind == "deaf":
            self.held.add(stream)
        elif kind in ("hang", "held"):
            pass
        elif kind == "refuse" and path not in State.refused:
            State.refused.add(path)
            State.declined += 1
            self.h2.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
            self.forget(stream)
        elif kind == "leave" and path not in State.refused:
            State.refused.add(path)
            self.leave(stream - 2)
        elif kind == "bad":
            self.misbehave(stream, rest)
        elif kind == "overdo":
            self.overdo(stream, rest)
        elif kind == "interim":
            self.h2.send_headers(stream, [(":status", "103"), ("link", "</x>")])
            self.h2.send_headers(stream, [(":status", "200"), ("trailer", "x-end")])
            self.h2.send_data(stream, b"body")
            self.h2.send_headers(stream, [("x-end", "yes")], end_stream=True)
            self.forget(stream)
        elif kind == "early":
            self.h2.send_headers(stream, [(":status", "413"), ("content-length", "6")])
            self.h2.send_data(stream, b"enough")
            self.write()
            self.transport.write(frame(0, 1, stream) + frame(3, 0, stream, bytes(4)))
            self.forget(stream)
        elif kind == "none":
            self.answer(stream, b"", status=rest)
        elif "watch" in path:
            self.h2.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
            self.h2.send_data(stream, b"{}\n")
            if kind == "ticks":
                asyncio.get_event_loop().call_later(0.02, self.tick, stream)
        else:
            self.answer(stream)

    def tick(self, stream):
        if stream in self.open and not self.transport.is_closing():
            self.h2.send_data(stream, b"{}\n")
            self.write()
            asyncio.get_event_loop().call_later(0.02, self.tick, stream)

    def send_more(self, stream):
        size, sent = self.sending[stream]
        while sent < size:
            start = sent % len(BLOCK)
            room = min(self.h2.local_flow_control_window(stream), 16_384, size - sent, len(BLOCK) - start)
            if room <= 0:
                break
            self.h2.send_data(stream, BLOCK[start:start + room])
            sent += room
        self.sending[stream][1] = sent
        if sent == size:
            self.h2.end_stream(stream)
            self.forget(stream)

    def misbehave(self, stream, how):
        fields = [(":status", "200"), ("content-length", "2")]
        if how == "status":
            fields[0] = (":status", "20")
        elif how == "switch":
            fields[0] = (":status", "101")
        elif how == "connection":
            fields.append(("connection", "close"))
        elif how == "chunked":
            fields[1] = ("transfer-encoding", "chunked")
        elif how == "upper":
            fields.append(("X-Upper", "1"))
        elif how == "control":
            fields.append(("x", "a\rb"))
        elif how == "lengths":
            fields.append(("content-length", "3"))
        elif how == "pseudo":
            fields.append((":path", "/"))
        elif how == "nothing":
            fields = [("content-length", "2")]
        encoder = self.h2.encoder
        block = encoder.encode(fields)
        body = {"short": b"x", "long": b"xyz"}.get(how, b"ok")
        self.write()
        self.transport.write(frame(1, 4, stream, block) + frame(0, 1, stream, body))
        self.forget(stream)

    def overdo(self, stream, how):
        self.write()
        floods = {
            "ping": frame(6, 0, 0, b"12345678"), "settings": frame(4, 0, 0), "empty": frame(0, 0, stream),
            "window": frame(8, 0, 0, (1).to_bytes(4, "big")),
            # Literally, so that the tables of HPACK stay as they are.
            "interim": frame(1, 4, stream, b"\x08\x03103"),
            "unknown": frame(0x20, 0, 0),
        }
        if how == "empty":
            self.transport.write(frame(1, 4, stream, self.h2.encoder.encode([(":status", "200")])))
        if how == "continuation":
            self.transport.write(frame(1, 0, stream) + frame(9, 0, stream) * 50)
        else:
            self.transport.write(floods[how] * 20_000)

    def leave(self, last):
        """GOAWAY; what has a higher number was never looked at."""
        for stream in [stream for stream in self.open if stream > last]:
            State.declined += 1
            self.forget(stream)
        self.write()
        self.transport.write(frame(7, 0, 0, last.to_bytes(4, "big") + bytes(4)))


async def control(reader, writer):
    while line := await reader.readline():
        if line.strip() == b"goaway":
            for peer in list(State.connections):
                peer.leave(peer.h2.highest_inbound_stream_id)
        writer.write(json.dumps(State.report()).encode() + b"\n")
    writer.close()


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    context.set_alpn_protocols(["h2", "http/1.1"])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Peer, "127.0.0.1", int(sys.argv[1]), ssl=context, backlog=1024)
    await asyncio.start_server(control, "127.0.0.1", int(sys.argv[2]))
    await server.serve_forever()


asyncio.run(main())
