# SPDX-License-Identifier: Apache-2.0
"""A certificate for the proxies, an issuer's key, and one token. All made anew for each run, by openssl."""

import base64
import json
import subprocess
import time

from .workspace import CERTS

LIST_BYTES = 10 * 1024 * 1024
POD_BYTES = 1024


def make(issuer):
    authority()
    server()
    token(issuer)
    answers()


def openssl(*arguments, stdin=None):
    return subprocess.run(
        ["openssl", *map(str, arguments)], cwd=CERTS, input=stdin, capture_output=True, check=True).stdout


def authority():
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
        "-subj", "/CN=benchmark authority", "-addext", "keyUsage=critical,keyCertSign",
        "-keyout", "ca.key", "-out", "ca.crt")


def server():
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
        "-CA", "ca.crt", "-CAkey", "ca.key", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
        "-keyout", "server.key", "-out", "server.crt")
    both = (CERTS / "server.crt").read_text() + (CERTS / "server.key").read_text()
    (CERTS / "both.pem").write_text(both)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(issuer):
    openssl("genrsa", "-out", "issuer.key", "2048")
    openssl("rsa", "-in", "issuer.key", "-pubout", "-out", "issuer.pub")
    modulus = openssl("rsa", "-in", "issuer.key", "-noout", "-modulus").decode().strip().split("=")[1]
    key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k1", "e": "AQAB",
           "n": base64url(bytes.fromhex(modulus))}
    (CERTS / "keys.json").write_text(json.dumps({"keys": [key]}))
    now = int(time.time())
    claims = {
        "iss": issuer, "aud": "kubernetes", "sub": "alice", "groups": ["platform-engineers"],
        "group": "platform-engineers", "iat": now, "exp": now + 86_400, "email": "alice@example.test",
        "name": "Alice Example", "sid": "0f6f4b3c-9d3b-4b3e-8f63-4f1d5a2f6c11"}
    signed = ".".join(
        base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT", "kid": "k1"}, claims))
    signature = openssl("dgst", "-sha256", "-sign", "issuer.key", stdin=signed.encode())
    (CERTS / "token").write_text(f"{signed}.{base64url(signature)}")


def pod():
    """One object as an answer: 1 KiB."""
    empty = json.dumps({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web-0", "annotations": {"a": ""}}})
    return empty.replace('"a": ""', '"a": "' + "x" * (POD_BYTES - len(empty)) + '"')


def answers():
    (CERTS / "pod.json").write_text(pod())
    item = pod() + ",\n"
    items = item * (LIST_BYTES // len(item) + 1)
    (CERTS / "list.json").write_text(items[:LIST_BYTES])
