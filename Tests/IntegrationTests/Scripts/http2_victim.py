# SPDX-License-Identifier: Apache-2.0
"""A client that does nothing wrong: requests on two kept connections in turn, one at a time, for SECONDS. Prints one
JSON object with the times that they took, in milliseconds."""

import json
import sys
import time

from http2_client import Client


def main():
    until = time.monotonic() + float(sys.argv[1])
    clients = [Client(), Client()]
    times = []
    failures = []
    turn = 0
    while time.monotonic() < until:
        turn += 1
        start = time.monotonic()
        answer = clients[turn % 2].get("/victim")
        times.append((time.monotonic() - start) * 1000)
        if answer.status != 200 or not answer.ended:
            failures.append(str(answer.summary()))
            clients[turn % 2].close()
            clients[turn % 2] = Client()
        time.sleep(0.005)
    times.sort()
    print(json.dumps({
        "served": len(times) - len(failures), "failures": failures[:5], "p50": times[len(times) // 2],
        "p99": times[int(len(times) * 0.99)], "max": times[-1]}))


main()
