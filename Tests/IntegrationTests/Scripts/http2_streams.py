# SPDX-License-Identifier: Apache-2.0
"""Cancellation, flow control and drain over HTTP/2, in front of the stand-in API. Prints one JSON object."""

import json
import os
import ssl
import sys
import threading
import time
import urllib.request

from http2_client import Client

CONTEXT = ssl.create_default_context(cafile=os.environ.get("API_AUTHORITY"))


def stats():
    with urllib.request.urlopen(f"https://{os.environ['API']}/stats", context=CONTEXT, timeout=5) as answer:
        return json.load(answer)


def until(condition, limit):
    start = time.monotonic()
    while time.monotonic() - start < limit:
        if condition():
            return (time.monotonic() - start) * 1000
        time.sleep(0.001)
    return -1


def reset():
    """Streams that hang are reset; how long until the API server sees none of them."""
    client = Client()
    streams = [client.open("GET", "/hang") for _ in range(50)]
    seen = until(lambda: stats()["hanging"] >= 50, 10)
    for stream in streams:
        client.h2.reset_stream(stream, 8)
    client.flush()
    took = until(lambda: stats()["hanging"] == 0, 5)
    return {"seen": seen, "took": took, "after": client.get("/version").status}


def gone():
    """The connection closes under its streams."""
    client = Client()
    for _ in range(50):
        client.open("GET", "/hang")
    seen = until(lambda: stats()["hanging"] >= 50, 10)
    client.close()
    return {"seen": seen, "took": until(lambda: stats()["hanging"] == 0, 5)}


def slow():
    """One stream whose window stays closed beside others that go on; then a reset of the stuck one."""
    client = Client()
    client.acknowledges = False
    stuck = client.open("GET", "/bytes?n=67108864")
    client.wait(lambda: len(client.streams[stuck].body) >= 65535, 5)
    held = len(client.streams[stuck].body)
    client.h2.increment_flow_control_window(1 << 24)
    client.flush()
    fast = []
    for _ in range(200):
        start = time.monotonic()
        answer = client.get("/version")
        fast.append((time.monotonic() - start) * 1000)
        assert answer.status == 200 and answer.ended
    fast.sort()
    grown = len(client.streams[stuck].body) - held
    client.h2.reset_stream(stuck, 8)
    client.flush()
    took = until(lambda: stats()["requestsInFlight"] <= 1, 5)
    return {"held": held, "grown": grown, "p99": fast[197], "took": took}


def slow_upload():
    """An upload that the API server does not read holds its own window closed and nobody else's."""
    client = Client()
    stuck = client.open("POST", "/hang", end=False)
    sent = 0
    while True:
        window = client.h2.local_flow_control_window(stuck)
        if window == 0:
            if not client.receive(time.monotonic() + 1):
                break
            continue
        piece = min(window, 16384)
        client.h2.send_data(stuck, b"x" * piece)
        client.flush()
        sent += piece
        if sent > 64 << 20:
            break
    connection = client.h2.outbound_flow_control_window
    answers = [client.get("/version").status for _ in range(20)]
    stream = client.open("POST", "/digest", end=False)
    body = b"y" * 1_000_000
    offset = 0
    while offset < len(body):
        room = min(client.h2.local_flow_control_window(stream), 16384, len(body) - offset)
        if room == 0:
            client.receive(time.monotonic() + 5)
            continue
        client.h2.send_data(stream, body[offset:offset + room], end_stream=offset + room == len(body))
        client.flush()
        offset += room
    digest = json.loads(client.finish(stream).body)
    return {"sent": sent, "connectionWindow": connection, "answers": answers, "bytes": digest["bytes"]}


def drain():
    """The gateway is told to stop (by the test, when this has printed `ready`) under a stream that goes on."""
    client = Client()
    notices = []
    original = client.note

    def note(event):
        if type(event).__name__ == "ConnectionTerminated":
            notices.append((event.last_stream_id, int(event.error_code)))
        original(event)

    client.note = note
    # h2 refuses to go on after a GOAWAY; what has to be seen here is what comes behind it.
    client.h2.state_machine.process_input_original = client.h2.state_machine.process_input
    stream = client.open("GET", "/api/v1/namespaces/default/pods?watch=true")
    client.wait(lambda: client.streams[stream].status, 5)
    print("ready", flush=True)
    deadline = time.monotonic() + 15
    response = client.streams[stream]
    raw = b""
    client.socket.settimeout(15)
    frames = []
    while time.monotonic() < deadline:
        try:
            data = client.socket.recv(65536)
        except OSError:
            break
        if not data:
            break
        raw += data
        while len(raw) >= 9 and len(raw) >= 9 + int.from_bytes(raw[:3], "big"):
            length = int.from_bytes(raw[:3], "big")
            kind, flags, identifier = raw[3], raw[4], int.from_bytes(raw[5:9], "big")
            payload, raw = raw[9:9 + length], raw[9 + length:]
            if kind == 0x6 and not flags & 1:
                client.raw(b"\0\0\x08\x06\x01\0\0\0\0" + payload)
            if kind == 0x7:
                frames.append(["goaway", int.from_bytes(payload[:4], "big"), int.from_bytes(payload[4:8], "big")])
            if kind == 0x3:
                frames.append(["reset", identifier, int.from_bytes(payload, "big")])
            if kind == 0x0 and flags & 1:
                frames.append(["end", identifier, 0])
    return {"status": response.status, "frames": frames}


def silent():
    """A client that answers nothing any more, PING included, under an open stream."""
    client = Client()
    client.open("GET", "/hang")
    seen = until(lambda: stats()["hanging"] == 1, 5)
    return {"seen": seen, "took": until(lambda: stats()["hanging"] == 0, 45)}


if __name__ == "__main__":
    cases = {"reset": reset, "gone": gone, "slow": slow, "slow-upload": slow_upload, "drain": drain, "silent": silent}
    print(json.dumps(cases[sys.argv[1]]()))
