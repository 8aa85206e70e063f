# SPDX-License-Identifier: Apache-2.0
"""Many clients of one server in one thread, and the server itself, for bench/growth. Frames are looked at, not parsed,
where thousands of them come: what is measured is the server, and this must keep out of its way."""
import json
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

from lib.server import plain_environment

START_SECONDS_MAX = 120
WAIT_SECONDS_MAX = 120
STILL_POLLS = 6
POLL_SECONDS = 0.05
READ_BYTES = 1 << 18
AT_ONCE = 200
OPERATORS_THREAD = 'shard-1000'


class Server:
    """A natter on free ports. `extra` are more arguments of `natter serve`."""

    def __init__(self, build, folder, core, extra=()):
        command = [os.path.join(build, 'natter'), 'serve', '--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0',
                   '--data', folder, '--shards', '1', '--limits', 'off', '--log-form', 'json', *extra]
        if core is not None:
            command = ['taskset', '-c', str(core)] + command
        started = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=plain_environment())
        self.pid = self.process.pid
        self.addresses = {}
        try:
            self.read_addresses(started)
        except BaseException:
            self.end()
            raise

    def read_addresses(self, started):
        deadline = started + START_SECONDS_MAX
        said = ''
        while len(self.addresses) < 2 and time.monotonic() < deadline:
            line = self.process.stdout.readline().decode()
            if not line:
                break
            said += line
            event = json.loads(line) if line.startswith('{') else {}
            if event.get('event') == 'server.listening':
                self.start_ms = (time.monotonic() - started) * 1000
            if event.get('event', '').endswith('.listening'):
                host, port = event['address'].rsplit(':', 1)
                self.addresses[event['event']] = (host, int(port))
        if len(self.addresses) < 2:
            raise SystemExit(f'bench/growth: the server did not start; it printed:\n{said}')
        self.address = self.addresses['server.listening']

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def metrics(self):
        host, port = self.addresses['ops.listening']
        with urllib.request.urlopen(f'http://{host}:{port}/metrics', timeout=30) as answer:
            text = answer.read().decode()
        figures = {}
        for line in text.splitlines():
            if line and not line.startswith('#'):
                name, number = line.rsplit(' ', 1)
                figures[name] = float(number)
        return figures

    def cpu_us(self):
        """Of all threads but the one that answers for metrics, from the scheduler's own account: /proc/PID/stat counts
        in steps of 10 ms."""
        total = 0
        for task in os.listdir(f'/proc/{self.pid}/task'):
            with open(f'/proc/{self.pid}/task/{task}/comm', encoding='ascii') as file:
                if file.read().strip() == OPERATORS_THREAD:
                    continue
            with open(f'/proc/{self.pid}/task/{task}/schedstat', encoding='ascii') as file:
                total += int(file.read().split()[0])
        return total / 1000

    def memory_bytes(self):
        with open(f'/proc/{self.pid}/status', encoding='ascii') as file:
            for line in file:
                if line.startswith('RssAnon:'):
                    return int(line.split()[1]) * 1024
        return 0

    def io(self):
        with open(f'/proc/{self.pid}/io', encoding='ascii') as file:
            return {name: int(number) for name, number in (line.strip().split(': ') for line in file)}

    def wait_still(self, names=('natter_bytes_sent_total', 'natter_members'), crowd=None):
        """Until these counters have stood still for a while."""
        last, polls = None, 0
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while polls < STILL_POLLS:
            if time.monotonic() > deadline:
                raise SystemExit('bench/growth: the server did not come to rest')
            if crowd:
                crowd.pump(POLL_SECONDS)
            else:
                time.sleep(POLL_SECONDS)
            figures = self.metrics()
            now = [figures[name] for name in names]
            polls = polls + 1 if now == last else 0
            last = now


class Client:
    def __init__(self, address, token=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect(address)
        login = f'Authorization: Bearer {token}\r\n' if token else ''
        self.socket.sendall((f'GET /ws HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nUpgrade: websocket\r\n'
                             'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: natter.v1\r\n'
                             f'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{login}\r\n').encode())
        self.socket.setblocking(False)
        self.buffer = b''
        self.is_open = False

    def frames(self):
        """Payloads of whole frames that are there. The server does not mask, nor fragment what it sends."""
        if not self.is_open:
            end = self.buffer.find(b'\r\n\r\n')
            if end < 0:
                return
            if not self.buffer.startswith(b'HTTP/1.1 101'):
                raise SystemExit(f'bench/growth: refused: {self.buffer[:200]!r}')
            self.buffer = self.buffer[end + 4:]
            self.is_open = True
        at, data = 0, self.buffer
        while len(data) - at >= 2:
            size, head = data[at + 1], 2
            if size >= 126:
                head = 4 if size == 126 else 10
                if len(data) - at < head:
                    break
                size = int.from_bytes(data[at + 2:at + head], 'big')
            if len(data) - at < head + size:
                break
            yield data[at + head:at + head + size]
            at += head + size
        self.buffer = data[at:]


def frame_of(command):
    payload = json.dumps(command, separators=(',', ':')).encode()
    head = struct.pack('!BB', 0x81, 0x80 | len(payload)) if len(payload) < 126 else \
        struct.pack('!BBH', 0x81, 0x80 | 126, len(payload))
    return head + b'\0\0\0\0' + payload


class Crowd:
    """Its clients by their descriptors. Counts frames by type; keeps the newest of each type."""

    def __init__(self, address):
        self.address = address
        self.poller = select.epoll()
        self.clients = {}
        self.counts = {}
        self.newest = {}

    def close(self):
        for client in self.clients.values():
            client.socket.close()
        self.clients = {}
        self.poller.close()

    def add(self, count, token=None):
        """`count` more clients, each welcomed."""
        added = []
        while len(added) < count:
            wave = min(AT_ONCE, count - len(added))
            before = self.counts.get('welcome', 0)
            for _ in range(wave):
                client = Client(self.address, token)
                self.clients[client.socket.fileno()] = client
                self.poller.register(client.socket, select.EPOLLIN)
                added.append(client)
            self.wait('welcome', before + wave)
        return added

    def drop(self, clients):
        for client in clients:
            self.poller.unregister(client.socket)
            del self.clients[client.socket.fileno()]
            client.socket.close()

    def send(self, client, command):
        data = frame_of(command)
        while data:
            try:
                data = data[client.socket.send(data):]
            except BlockingIOError:
                self.pump(POLL_SECONDS)

    def pump(self, seconds):
        for descriptor, _ in self.poller.poll(seconds, 1024):
            client = self.clients[descriptor]
            data = client.socket.recv(READ_BYTES)
            if not data:
                raise SystemExit(f'bench/growth: the server closed a connection: {self.newest.get("bye")}')
            client.buffer += data
            for payload in client.frames():
                kind = payload[9:payload.find(b'"', 9)].decode()      # {"type":"KIND"
                self.counts[kind] = self.counts.get(kind, 0) + 1
                self.newest[kind] = payload
                if kind == 'error':
                    raise SystemExit(f'bench/growth: the server answered {payload.decode()}')

    def wait(self, kind, count):
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while self.counts.get(kind, 0) < count:
            if time.monotonic() > deadline:
                raise SystemExit(f'bench/growth: {self.counts.get(kind, 0)} of {count} frames "{kind}" came')
            self.pump(POLL_SECONDS)

    def ask(self, client, command, kind):
        """One command and its answer."""
        before = self.counts.get(kind, 0)
        self.send(client, command)
        self.wait(kind, before + 1)
        return json.loads(self.newest[kind])

    def ask_all(self, pairs, kind, in_flight=AT_ONCE):
        """(client, command) pairs, so many in flight at a time; waits for one answer of that kind to each."""
        before = self.counts.get(kind, 0)
        for number, (client, command) in enumerate(pairs, 1):
            self.send(client, command)
            if number % in_flight == 0:
                self.wait(kind, before + number)
        self.wait(kind, before + len(pairs))


def new_folder(root):
    return tempfile.TemporaryDirectory(prefix='growth-', dir=root)
