# SPDX-License-Identifier: Apache-2.0
"""Opens pidfds for a process under valgrind, which cannot; see shim.c."""

import contextlib
import os
import socket
import struct
import threading

from bench.workspace import RUN

SOCKET = RUN / "pidfds.sock"


def serve():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(SOCKET))
    listener.listen()
    threading.Thread(target=answer, args=(listener,), daemon=True).start()


def answer(listener):
    while True:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError, struct.error):
            pidfd = os.pidfd_open(struct.unpack("l", connection.recv(8))[0])
            try:
                socket.send_fds(connection, [b"."], [pidfd])
            finally:
                os.close(pidfd)
