# SPDX-License-Identifier: Apache-2.0
"""The little that these tests need of clients: a request, and a walk-in over a WebSocket."""
import os
import socket
import threading

WAIT_SECONDS = 60


def connect(address):
    """`address` is a port on this machine, or the path of a unix socket."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    one.settimeout(WAIT_SECONDS)
    one.connect(address if isinstance(address, str) else ('127.0.0.1', address))
    return one


def get(address, path='/livez'):
    """The status of the answer, on a connection of its own."""
    with connect(address) as one:
        one.sendall(f'GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'.encode())
        answer = b''
        while True:
            more = one.recv(65536)
            if not more:
                return int(answer.split(b' ', 2)[1])
            answer += more


class WalkIn:
    """Stands in a room; its frames are short. It answers no Close, as somebody who has gone to sleep."""

    def __init__(self, address, room='lobby'):
        self.socket = connect(address)
        self.socket.sendall(f'GET /ws?room={room} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n'
                            'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
                            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'.encode())
        self.bytes = b''

    def say(self, text):
        payload = text.encode()
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.socket.sendall(bytes([0x81, 0x80 | len(payload)]) + mask + masked)

    def wait_for(self, text):
        """Until these bytes have come, whichever frame they are in."""
        while text.encode() not in self.bytes:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError(f'closed before {text!r} came: {self.bytes[-500:]!r}')
            self.bytes += more

    def close(self):
        self.socket.close()


class Hammer:
    """Threads that connect and ask, again and again: what was answered, and what went wrong."""

    def __init__(self, address, threads=4):
        self.address = address
        self.answers = 0
        self.later = 0          # 503: asked of a server that is about to go
        self.wrong = []
        self.is_over = False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.is_over:
            try:
                status = get(self.address)
                problem = None if status in (200, 503) else f'answered with {status}'
            except (OSError, IndexError) as error:
                status, problem = None, repr(error)
            with self.lock:
                self.answers += 1
                self.later += status == 503
                if problem:
                    self.wrong.append(problem)

    def stop(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(WAIT_SECONDS)
