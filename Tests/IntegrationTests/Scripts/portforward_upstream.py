# SPDX-License-Identifier: Apache-2.0
"""An API server over plain HTTP/1.1 on PORT with one pod, web, for `kubectl port-forward`: by an upgrade to SPDY/3.1,
or by SPDY in the messages of a WebSocket, which kubectl tries first since 1.31.

Every port of the pod sends back what it gets, and at the client's half-close `port PORT: COUNT bytes` behind it. /seen:
the user and the protocols of every port-forward so far; /open: how many are open."""

import asyncio
import base64
import hashlib
import http.client
import io
import json
import struct
import sys
import zlib

POD = "/api/v1/namespaces/default/pods/web"
DOCUMENTS = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [
        {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["get"]}]},
    POD: {
        "kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"containers": [{"name": "web"}]}, "status": {"phase": "Running"}},
}


def dictionary():
    """What both sides' zlib knows beforehand, from the SPDY Protocol Draft 3, section 2.6.10.1: names and some values,
    each behind its length as in a header block, then text. A slip in it would not go unnoticed: the client's first
    block names its checksum."""
    words = (
        "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age "
        "allow authorization cache-control connection content-base content-encoding content-language content-length "
        "content-location content-md5 content-range content-type date etag expect expires from host if-match "
        "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
        "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
        "user-agent vary via warning www-authenticate method get status").split()
    words += ["200 OK"] + "version HTTP/1.1 url public set-cookie keep-alive origin".split()
    statuses = (
        "100 101 201 202 205 206 300 302 303 304 305 306 307 402 405 406 407 408 409 410 411 412 413 414 415 416 417 "
        "502 504 505").replace(" ", "")
    text = (
        "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
        "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
        "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
        "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
        "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.")
    return b"".join(struct.pack(">I", len(word)) + word.encode() for word in words) + (statuses + text).encode()


DICTIONARY = dictionary()


class Echo:
    """The data stream of one connection to a port."""

    def __init__(self, port, errors):
        self.port, self.errors = port, errors
        self.count = 0


class Session:
    """The server's side of one SPDY/3 connection, without the connection."""

    SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 9
    FIN = 1

    def __init__(self):
        self.inflater = zlib.decompressobj(zdict=DICTIONARY)
        self.deflater = zlib.compressobj(zdict=DICTIONARY)
        self.received, self.answer = bytearray(), bytearray()
        # Error streams by the request that they belong to, until its data stream comes.
        self.errors = {}
        self.echoes = {}

    def receive(self, data):
        """Takes some of the client's bytes, and returns the answer to them."""
        self.received += data
        while len(self.received) >= 8:
            word, length = struct.unpack_from(">II", self.received)
            flags, end = length >> 24, 8 + (length & 0xFFFFFF)
            if len(self.received) < end:
                break
            payload = bytes(self.received[8:end])
            del self.received[:end]
            if word >> 31:
                self.take_control(word, payload)
            else:
                self.take_data(word, flags & self.FIN, payload)
        answer, self.answer = bytes(self.answer), bytearray()
        return answer

    def take_control(self, word, payload):
        kind = word & 0xFFFF
        if word >> 16 != 0x8003:
            raise ValueError(f"no frame of SPDY/3: {word:08x}")
        if kind == self.SYN_STREAM:
            # Behind the stream: the one that it is associated with, its priority and its slot.
            self.begin(struct.unpack_from(">I", payload)[0], self.headers(payload[10:]))
        elif kind == self.RST_STREAM:
            # kubectl resets every data stream at last, those that have ended too.
            self.end(struct.unpack_from(">I", payload)[0])
        elif kind == self.PING:
            self.send_control(self.PING, payload)
        # The implementation that kubectl and API servers share has no flow control: nobody waits for a WINDOW_UPDATE.
        elif kind not in (self.SETTINGS, self.GOAWAY, self.WINDOW_UPDATE):
            raise ValueError(f"a control frame of type {kind}")

    def headers(self, block):
        block = self.inflater.decompress(block)
        words, place = [], 4
        while place < len(block):
            length, = struct.unpack_from(">I", block, place)
            words.append(block[place + 4:place + 4 + length].decode())
            place += 4 + length
        return dict(zip(words[::2], words[1::2]))

    def begin(self, stream, headers):
        if headers["streamtype"] == "error":
            self.errors[headers["requestid"]] = stream
        else:
            self.echoes[stream] = Echo(headers["port"], self.errors.pop(headers["requestid"]))
        no_headers = self.deflater.compress(struct.pack(">I", 0)) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        self.send_control(self.SYN_REPLY, struct.pack(">I", stream) + no_headers)

    def take_data(self, stream, fin, payload):
        echo = self.echoes.get(stream)
        # An error stream's end, which says nothing.
        if echo is None:
            return
        if payload:
            echo.count += len(payload)
            self.send_data(stream, payload)
        if fin:
            self.send_data(stream, f"port {echo.port}: {echo.count} bytes".encode(), self.FIN)
            self.end(stream)

    def end(self, stream):
        """kubectl holds a connection until its error stream has ended too."""
        if echo := self.echoes.pop(stream, None):
            self.send_data(echo.errors, b"", self.FIN)

    def send_control(self, kind, payload):
        self.answer += struct.pack(">HHI", 0x8003, kind, len(payload)) + payload

    def send_data(self, stream, payload, flags=0):
        self.answer += struct.pack(">II", stream, flags << 24 | len(payload)) + payload


class WebSocket:
    """One connection after its handshake."""

    BINARY, CLOSE, PING, PONG = 2, 8, 9, 10

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def pieces(self):
        """What binary messages carry; where one ends says nothing to SPDY."""
        while True:
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length > 125:
                length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
            mask = await self.reader.readexactly(4)
            masked = await self.reader.readexactly(length)
            # As two long numbers: byte by byte it would be the slowest part of a test.
            key = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
            payload = (int.from_bytes(masked, "big") ^ key).to_bytes(length, "big")
            kind = first & 0x0F
            if kind == self.CLOSE:
                self.send(payload, self.CLOSE)
                return
            if kind == self.PING:
                self.send(payload, self.PONG)
            elif kind != self.PONG:
                yield payload

    def send(self, payload, kind=BINARY):
        length = len(payload)
        if length > 125:
            size = struct.pack(">BH", 126, length) if length < 1 << 16 else struct.pack(">BQ", 127, length)
        else:
            size = bytes([length])
        self.writer.write(bytes([0x80 | kind]) + size + payload)


class Raw:
    """SPDY's bytes as they are."""

    def __init__(self, reader, writer):
        self.reader, self.send = reader, writer.write

    async def pieces(self):
        while data := await self.reader.read(65_536):
            yield data


class Server:
    def __init__(self):
        self.seen = []
        self.open = 0

    async def serve(self, reader, writer):
        try:
            while True:
                head = io.BytesIO(await reader.readuntil(b"\r\n\r\n"))
                path = head.readline().split()[1].decode().partition("?")[0]
                if path == POD + "/portforward":
                    return await self.forward(http.client.parse_headers(head), reader, writer)
                self.answer(path, writer)
        # The client's end, wherever it finds us.
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def answer(self, path, writer):
        documents = DOCUMENTS | {"/seen": self.seen, "/open": self.open}
        status = "200 OK" if path in documents else "404 Not Found"
        body = json.dumps(documents.get(path, {"kind": "Status", "apiVersion": "v1", "code": 404})).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)

    async def forward(self, fields, reader, writer):
        upgrade = fields["Upgrade"]
        if upgrade == "websocket":
            name, tunnel = "Sec-WebSocket-Protocol", WebSocket(reader, writer)
            key = fields["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
            more = f"Sec-WebSocket-Accept: {accept}\r\n"
        else:
            name, tunnel, more = "X-Stream-Protocol-Version", Raw(reader, writer), ""
        # The client's own, so that what it asked for in vain fails in it.
        protocol = fields[name]
        head = f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n"
        writer.write(f"{head}{name}: {protocol}\r\n{more}\r\n".encode())
        self.seen.append({"user": fields["Impersonate-User"], "upgrade": upgrade, "protocol": protocol})
        self.open += 1
        try:
            session = Session()
            async for piece in tunnel.pieces():
                if answer := session.receive(piece):
                    tunnel.send(answer)
                    await writer.drain()
        finally:
            self.open -= 1


async def main():
    server = await asyncio.start_server(Server().serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
