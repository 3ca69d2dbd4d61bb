# SPDX-License-Identifier: Apache-2.0
"""An API server of watches alone, over plain HTTP/1.1 on PORT: each says one event and then nothing. `GET /count` says
how many are held."""

import asyncio
import sys

held = 0


async def serve(reader, writer):
    global held
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /count "):
                body = str(held).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                continue
            held += 1
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
            try:
                await reader.read()
            finally:
                held -= 1
            return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    async with server:
        await server.serve_forever()


asyncio.run(main())
