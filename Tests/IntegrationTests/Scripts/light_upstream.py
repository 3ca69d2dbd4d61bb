# SPDX-License-Identifier: Apache-2.0
"""An API server of a few paths over plain HTTP/1.1 on PORT, on epoll itself: it has to be cheap beside what it measures,
and to see thousands of ends as fast as they come.

/count: how many watches are held; /warm, /victim: an answer; /fresh: an answer, and the connection's end; /hang,
/digest: none, ever; /flood: a body that stops; anything else: a watch, which says one event and then nothing."""

import select
import socket
import sys


def answer(body, fields=b""):
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (fields, len(body), body)


EVENT = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
FLOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 131072


class Server:
    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self.listener.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.listener, select.EPOLLIN)
        self.peers = {}
        self.heads = {}
        self.watches = set()
        # Whatever they still send is no request.
        self.sinks = set()

    def run(self):
        while True:
            for number, _ in self.poll.poll():
                if number == self.listener.fileno():
                    self.accept()
                else:
                    self.read(number)

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except BlockingIOError:
                return
            peer.setblocking(False)
            self.peers[peer.fileno()] = peer
            self.heads[peer.fileno()] = b""
            self.poll.register(peer, select.EPOLLIN)

    def read(self, number):
        try:
            data = self.peers[number].recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            return self.end(number)
        if number in self.sinks:
            return
        self.heads[number] += data
        while number in self.heads and b"\r\n\r\n" in self.heads[number]:
            head, self.heads[number] = self.heads[number].split(b"\r\n\r\n", 1)
            try:
                self.serve(number, head.split(b" ", 2)[1])
            except OSError:
                # Gone, or what it does not take is lost: nobody looks at a flood's bytes.
                self.sinks.add(number)

    def serve(self, number, target):
        peer = self.peers[number]
        if target == b"/count":
            peer.send(answer(str(len(self.watches)).encode()))
        elif target in (b"/warm", b"/victim"):
            peer.send(answer(b"ok"))
        elif target == b"/fresh":
            peer.send(answer(b"ok", b"Connection: close\r\n"))
            self.end(number)
        elif target in (b"/hang", b"/digest"):
            self.sinks.add(number)
        elif target == b"/flood":
            self.sinks.add(number)
            peer.send(FLOOD)
        else:
            self.sinks.add(number)
            self.watches.add(number)
            peer.send(EVENT)

    def end(self, number):
        self.watches.discard(number)
        self.sinks.discard(number)
        del self.heads[number]
        self.peers.pop(number).close()


Server(int(sys.argv[1])).run()
