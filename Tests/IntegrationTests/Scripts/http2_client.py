# SPDX-License-Identifier: Apache-2.0
"""A plain HTTP/2 client over one TLS connection, by the library h2, that can also send frames which h2 never would."""

import os
import socket
import ssl
import time

import h2.config
import h2.connection
import h2.events
import hpack


class Client:
    """One connection. Every wait has a deadline; `events` keeps what came, by stream."""

    def __init__(self, window=None, receive_buffer=None):
        host, port = os.environ["GATEWAY"].rsplit(":", 1)
        context = ssl.create_default_context(cafile=os.environ["AUTHORITY"])
        context.set_alpn_protocols(["h2"])
        plain = socket.socket()
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.settimeout(20)
        plain.connect((host, int(port)))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.authority = f"{host}:{port}"
        self.socket = context.wrap_socket(plain, server_hostname=host)
        assert self.socket.selected_alpn_protocol() == "h2"
        config = h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False,
            normalize_outbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        if window is not None:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.streams = {}
        self.goaway = None
        self.closed = False
        self.acknowledges = True
        self.flush()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.socket.sendall(data)

    def raw(self, data):
        """Sends bytes past h2."""
        self.socket.sendall(data)

    def fields(self, method="GET", path="/", extra=(), authority=None, token=True):
        result = [(":method", method), (":scheme", "https"), (":authority", authority or self.authority),
                  (":path", path)]
        if token:
            result.append(("authorization", "Bearer " + os.environ["TOKEN"]))
        return result + list(extra)

    def open(self, method="GET", path="/", extra=(), end=True, fields=None):
        stream = self.h2.get_next_available_stream_id()
        self.streams[stream] = Response()
        self.h2.send_headers(stream, fields or self.fields(method, path, extra), end_stream=end)
        self.flush()
        return stream

    def receive(self, deadline):
        """Takes in what comes next; false when nothing more will, or the deadline passed."""
        remaining = deadline - time.monotonic()
        if remaining <= 0 or self.closed:
            return False
        self.socket.settimeout(remaining)
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except (ConnectionError, ssl.SSLError, OSError):
            data = b""
        if not data:
            self.closed = True
            return False
        for event in self.h2.receive_data(data):
            self.note(event)
        try:
            self.flush()
        except OSError:
            self.closed = True
        return True

    def note(self, event):
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = int(event.error_code)
            return
        response = self.streams.get(getattr(event, "stream_id", None))
        if response is None:
            return
        if isinstance(event, h2.events.InformationalResponseReceived):
            response.interim.append(dict(event.headers))
        elif isinstance(event, h2.events.ResponseReceived):
            response.headers = list(event.headers)
            response.status = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            response.body += event.data
            if self.acknowledges and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            response.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            response.ended = True
        elif isinstance(event, h2.events.StreamReset):
            response.reset = int(event.error_code)

    def finish(self, stream, limit=10):
        """Waits for the stream's end."""
        response = self.streams[stream]
        deadline = time.monotonic() + limit
        while not response.done and self.receive(deadline):
            pass
        return response

    def wait(self, condition, limit=10):
        deadline = time.monotonic() + limit
        while not condition() and self.receive(deadline):
            pass
        return condition()

    def drain_until_closed(self, limit=5):
        deadline = time.monotonic() + limit
        while self.receive(deadline):
            pass
        return self.closed

    def get(self, path, extra=()):
        return self.finish(self.open("GET", path, extra))

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass


class Response:
    def __init__(self):
        self.interim = []
        self.headers = []
        self.status = None
        self.body = b""
        self.trailers = []
        self.ended = False
        self.reset = None

    @property
    def done(self):
        return self.ended or self.reset is not None

    def summary(self):
        return {"status": self.status, "reset": self.reset, "ended": self.ended, "length": len(self.body)}


def frame(kind, flags, stream, payload=b""):
    """One frame as it goes over the wire (RFC 9113 section 4.1)."""
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload)


def block(fields):
    """A header block without the dynamic table, so that it can be sent at any time."""
    encoder = hpack.Encoder()
    encoder.header_table_size = 0
    return encoder.encode([hpack.NeverIndexedHeaderTuple(*field) for field in fields])
