# SPDX-License-Identifier: Apache-2.0
"""A client's socket that can send and receive at once, cut its writes anywhere, and never waits without a deadline."""
import select
import socket
import time

READ_BYTES = 1 << 18


class Late(Exception):
    """Nothing that was awaited came in time."""


class Peer:
    def __init__(self, address, seconds_max):
        self.seconds_max = seconds_max
        self.socket = socket.create_connection(address, timeout=seconds_max)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.is_at_end = False
        self.was_reset = False

    def close(self):
        self.socket.close()

    def finish(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def exchange(self, data, piece, on_bytes, is_done):
        """Sends `data` in pieces and hands out what comes until `is_done()`, or the stream's end. Late: neither
        came."""
        pending, piece = memoryview(data), piece or max(len(data), 1)
        deadline = time.monotonic() + self.seconds_max
        while not (self.is_at_end or (not pending and is_done())):
            left = deadline - time.monotonic()
            if left <= 0:
                raise Late()
            readable, writable, _ = select.select([self.socket], [self.socket] if pending else [], [], left)
            if readable:
                self._read(on_bytes)
            if writable:
                pending = self._write(pending, piece)

    def _write(self, pending, piece):
        """Some writes in a row, so that a message in pieces of one byte does not take a select for each."""
        try:
            for _ in range(64):
                if not pending:
                    break
                pending = pending[self.socket.send(pending[:piece]):]
        except BlockingIOError:
            pass
        except OSError:
            return pending[:0]      # the server has ended it; what it said before is still to be read
        return pending

    def _read(self, on_bytes):
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.is_at_end = self.was_reset = True
            return
        if data:
            on_bytes(data)
        else:
            self.is_at_end = True
