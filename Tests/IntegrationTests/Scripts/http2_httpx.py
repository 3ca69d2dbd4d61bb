# SPDX-License-Identifier: Apache-2.0
"""Requests by httpx, many at once on one connection. Prints one JSON object."""

import asyncio
import json
import os
import ssl

import httpx


async def main():
    context = ssl.create_default_context(cafile=os.environ["AUTHORITY"])
    limits = httpx.Limits(max_connections=1)
    headers = {"authorization": "Bearer " + os.environ["TOKEN"]}
    base = "https://" + os.environ["GATEWAY"]
    async with httpx.AsyncClient(
            http1=False, http2=True, verify=context, limits=limits, headers=headers, base_url=base, timeout=30) as client:
        answers = await asyncio.gather(*(client.post("/many", content=b"x" * (i * 100)) for i in range(200)))
        empty = await client.get("/empty")
        hints = await client.get("/hints")
        chunks = await client.get("/chunks")

        async def pieces():
            for _ in range(50):
                yield b"y" * 1000

        stream = await client.post("/stream", content=pieces())
    print(json.dumps({
        "versions": sorted({a.http_version for a in answers}), "statuses": sorted({a.status_code for a in answers}),
        "wrong": sum(a.text != str(i * 100) for i, a in enumerate(answers)), "empty": empty.status_code,
        "hints": hints.text, "chunks": chunks.text, "stream": stream.text,
    }))


asyncio.run(main())
