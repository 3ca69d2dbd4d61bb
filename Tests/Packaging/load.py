#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Constant load on a gateway while something happens to it.

load.py URL AUTHORITY TOKEN-FILE STOP-FILE: sends requests on kept connections and on fresh ones, and holds watches, until
STOP-FILE is there; then prints one line of JSON. A request has failed when it was not answered 200 in full, for whatever
reason: nothing is sent a second time. A watch has failed when it was cut, rather than ended.
"""

import http.client
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse

KEPT, FRESH, WATCHES, PAUSE, LIMIT = 4, 3, 2, 0.02, 300.0


class Load:
    def __init__(self, url, authority, token, stop):
        self.url = urllib.parse.urlsplit(url)
        self.context = ssl.create_default_context(cafile=authority)
        self.headers = {"Authorization": "Bearer " + token}
        self.stop = stop
        self.deadline = time.monotonic() + LIMIT
        self.lock = threading.Lock()
        self.result = {
            "requests": 0, "failed": 0, "connections": 0, "watches": 0, "cut": 0, "slowest": 0.0, "why": [],
        }

    def running(self):
        return not os.path.exists(self.stop) and time.monotonic() < self.deadline

    def count(self, name, why=None):
        with self.lock:
            self.result[name] += 1
            if why and len(self.result["why"]) < 10:
                self.result["why"].append(why)

    def connect(self):
        self.count("connections")
        return http.client.HTTPSConnection(self.url.hostname, self.url.port, timeout=60, context=self.context)

    def ask(self, connection, extra):
        """One request; whether the connection may be used again."""
        began = time.monotonic()
        self.count("requests")
        try:
            connection.request("GET", "/api/v1/namespaces/default/pods", headers={**self.headers, **extra})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200 or not body:
                self.count("failed", "%s %s" % (response.status, body[:200].decode("utf-8", "replace")))
            kept = not response.will_close
        except (OSError, http.client.HTTPException) as error:
            self.count("failed", repr(error))
            kept = False
        with self.lock:
            self.result["slowest"] = max(self.result["slowest"], round(time.monotonic() - began, 3))
        if not kept:
            connection.close()
        return kept

    def keep(self):
        connection = None
        while self.running():
            connection = connection or self.connect()
            if not self.ask(connection, {}):
                connection = None
            time.sleep(PAUSE)

    def renew(self):
        while self.running():
            connection = self.connect()
            self.ask(connection, {"Connection": "close"})
            connection.close()
            time.sleep(PAUSE)

    def watch(self):
        """Reads a watch until the gateway ends it, and begins the next one."""
        while self.running():
            connection = self.connect()
            self.count("watches")
            try:
                connection.request("GET", "/api/v1/namespaces/default/pods?watch=true", headers=self.headers)
                response = connection.getresponse()
                if response.status != 200:
                    self.count("cut", "watch: %s" % response.status)
                while self.running() and response.read1(65536):
                    pass
            except (OSError, http.client.HTTPException) as error:
                if self.running():
                    self.count("cut", "watch: %r" % error)
            connection.close()

    def run(self):
        bodies = [self.keep] * KEPT + [self.renew] * FRESH + [self.watch] * WATCHES
        threads = [threading.Thread(target=body, daemon=True) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=max(0.0, self.deadline + 65 - time.monotonic()))
        return self.result


def main():
    url, authority, token_file, stop = sys.argv[1:5]
    with open(token_file, encoding="ascii") as file:
        token = file.read().strip()
    print(json.dumps(Load(url, authority, token, stop).run()))


if __name__ == "__main__":
    main()
