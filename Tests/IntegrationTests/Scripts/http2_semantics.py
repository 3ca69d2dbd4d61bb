# SPDX-License-Identifier: Apache-2.0
"""What HTTP/2 says about requests and responses, through the gateway to the standard upstream. Prints one JSON object."""

import itertools
import json
import sys

from http2_client import Client, Response, block, frame


def responses():
    client = Client()
    result = {}
    chunks = client.get("/chunks")
    result["chunks"] = {"body": chunks.body.decode(), "trailers": chunks.trailers, "ended": chunks.ended}
    hints = client.get("/hints")
    result["hints"] = {"interim": [h[":status"] for h in hints.interim], "body": hints.body.decode()}
    head = client.finish(client.open("HEAD", "/"))
    result["head"] = {"length": dict(head.headers).get("content-length"), "body": len(head.body), "ended": head.ended}
    result["empty"] = client.get("/empty").summary()
    result["unchanged"] = client.get("/unchanged").summary()
    result["untilClose"] = client.get("/until-close").body.decode()
    result["cut"] = client.get("/cut").summary()
    return result


def requests():
    client = Client()
    result = {}
    # Length unknown, with trailers.
    stream = client.open("POST", "/upload", [("trailer", "x-sum")], end=False)
    client.h2.send_data(stream, b"x" * 1000)
    client.h2.send_headers(stream, [("x-sum", "7")], end_stream=True)
    client.flush()
    answer = client.finish(stream)
    result["trailers"] = {"body": answer.body.decode(), "seen": dict(answer.headers).get("x-seen-trailer")}
    # Length known.
    stream = client.open("POST", "/upload", [("content-length", "5")], end=False)
    client.h2.send_data(stream, b"12345", end_stream=True)
    client.flush()
    result["length"] = client.finish(stream).body.decode()
    # A body only when the API server asks for it.
    stream = client.open("POST", "/continue", [("expect", "100-continue"), ("content-length", "3")], end=False)
    asked = client.wait(lambda: client.streams[stream].interim)
    result["continue"] = {"asked": bool(asked)}
    client.h2.send_data(stream, b"abc", end_stream=True)
    client.flush()
    result["continue"]["body"] = client.finish(stream).body.decode()
    # Cookies in crumbs, and the host in Host alone.
    fields = [(":method", "GET"), (":scheme", "https"), (":path", "/crumbs"), ("host", client.authority)]
    fields += [f for f in client.fields() if f[0] == "authorization"] + [("cookie", "a=1"), ("cookie", "b=2")]
    result["crumbs"] = client.finish(client.open(fields=fields)).status
    # An early answer: the rest of the body is not wanted.
    stream = client.open("POST", "/refuses", end=False)
    answer = client.finish(stream)
    result["refused"] = answer.summary()
    client.wait(lambda: answer.reset is not None, 2)
    result["refused"]["reset"] = answer.reset
    return result


def malformed():
    """Each must be refused, by a status or a reset, and leave the connection as it is."""
    result = {}
    base = Client().fields()
    plain = [f for f in base if not f[0].startswith(":")]
    pseudo = {name: value for name, value in base if name.startswith(":")}

    def with_pseudo(**changes):
        merged = {**pseudo, **{":" + k: v for k, v in changes.items()}}
        return [(k, v) for k, v in merged.items() if v is not None] + plain

    cases = {
        "upper case": base + [("X-Upper", "1")],
        "connection": base + [("connection", "close")],
        "keep-alive": base + [("keep-alive", "timeout=5")],
        "transfer-encoding": base + [("transfer-encoding", "chunked")],
        "upgrade": base + [("upgrade", "websocket")],
        "proxy-connection": base + [("proxy-connection", "close")],
        "te": base + [("te", "gzip")],
        "pseudo behind": plain + [(k, v) for k, v in pseudo.items()],
        "pseudo twice": base[:1] + base,
        "pseudo unknown": [(":secret", "1")] + base,
        "pseudo of responses": [(":status", "200")] + base,
        "no method": with_pseudo(method=None),
        "no path": with_pseudo(path=None),
        "empty path": with_pseudo(path=""),
        "path without slash": with_pseudo(path="evil"),
        "absolute path": with_pseudo(path="https://other/evil"),
        "path with blank": with_pseudo(path="/a HTTP/1.1"),
        "path with crlf": with_pseudo(path="/a HTTP/1.1\r\nx: y"),
        "method with crlf": with_pseudo(method="GET / HTTP/1.1\r\nx: y\r\n\r\nGET"),
        "value with crlf": base + [("x-split", "a\r\nimpersonate-user: root")],
        "value with lf": base + [("x-split", "a\nimpersonate-user: root")],
        "value with nul": base + [("x-split", "a\0b")],
        "name with colon": base + [("x:y", "1")],
        "name with crlf": base + [("x\r\nimpersonate-user", "root")],
        "name with blank": base + [("x y", "1")],
        "empty name": base + [("", "1")],
        "authority and host differ": base + [("host", "other")],
        "host twice": base + [("host", pseudo[":authority"])] * 2,
        "authority with user": with_pseudo(authority="root@" + pseudo[":authority"]),
        "no authority": with_pseudo(authority=None),
        "scheme": with_pseudo(scheme="ftp"),
        "length twice": base + [("content-length", "0"), ("content-length", "1")],
        "length signed": base + [("content-length", "+0")],
        "length without body": base + [("content-length", "5")],
        "twin": base + [("impersonate_user", "root")],
        "impersonation": base + [("impersonate-user", "root")],
        "connect": [(":method", "CONNECT"), (":authority", "other:443")] + plain,
        "extended connect": [(":method", "CONNECT"), (":protocol", "websocket")] + base[1:],
        "too many fields": base + [(f"x-{i}", "1") for i in range(200)],
        "large": base + [("x-large", "y" * 60000), ("x-more", "y" * 10000)],
        "long path": with_pseudo(path="/" + "x" * 10000),
        "dot segments": with_pseudo(path="/a/../b"),
        "trace": with_pseudo(method="TRACE"),
    }
    for name, fields in cases.items():
        client = Client()
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, base, end_stream=True)  # h2 has the stream then; its bytes are dropped
        client.h2.data_to_send()
        client.streams[stream] = Response()
        client.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[:0])
        encoded = block(fields)
        pieces = [encoded[i:i + 16000] for i in range(0, len(encoded), 16000)] or [b""]
        for index, piece in enumerate(pieces):
            last = 0x4 if index == len(pieces) - 1 else 0
            client.raw(frame(0x1 if index == 0 else 0x9, last | (0x1 if index == 0 else 0), stream, piece))
        answer = client.finish(stream, 5)
        result[name] = {"status": answer.status, "reset": answer.reset, "goaway": client.goaway,
                        "open": not client.closed}
        client.close()
    # Lengths that the data does not keep to, and trailers that are none.
    bodies = [
        ("short body", "10", b"12345", None), ("long body", "3", b"12345", None),
        ("forbidden trailer", None, b"12345", [("content-length", "5")]),
        ("pseudo in trailers", None, b"12345", [(":path", "/")]),
        ("impersonation in trailers", None, b"12345", [("impersonate-user", "root")]),
    ]
    for at_once, (name, length, data, trailers) in itertools.product([False, True], bodies):
        client = Client()
        extra = [("content-length", length)] if length else []
        rest = [frame(0x0, 0 if trailers else 0x1, 1, data)]
        if trailers:
            rest.append(frame(0x1, 0x5, 1, block(trailers)))
        if at_once:
            # In one read, so that the request is judged as a whole.
            head = frame(0x1, 0x4, 1, block(client.fields("POST", "/broken-body", extra)))
            stream = client.h2.get_next_available_stream_id()
            client.h2.send_headers(stream, base)  # h2 has the stream then; its bytes are dropped
            client.h2.data_to_send()
            client.streams[stream] = Response()
            rest = [head + b"".join(rest)]
            name += " at once"
        else:
            stream = client.open("POST", "/broken-body", extra, end=False)
        for piece in rest:
            client.raw(piece)
        answer = client.finish(stream, 5)
        result[name] = {"status": answer.status, "reset": answer.reset, "goaway": client.goaway,
                        "open": not client.closed}
        client.close()
    return result


if __name__ == "__main__":
    print(json.dumps({"responses": responses, "requests": requests, "malformed": malformed}[sys.argv[1]]()))
