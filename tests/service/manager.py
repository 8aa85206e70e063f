# SPDX-License-Identifier: Apache-2.0
"""A service manager for tests: hands natter sockets that are open, and hears what it tells.

It speaks as systemd does: LISTEN_FDS and its kin, NOTIFY_SOCKET, WATCHDOG_USEC, JOURNAL_STREAM.
"""
import json
import os
import select
import signal
import socket
import tempfile
import time

PATIENCE_SECONDS = 60
FIRST_PASSED = 3


class Failure(Exception):
    """What was promised did not come."""


def until(condition, what, seconds=PATIENCE_SECONDS):
    """Waits for a condition, and returns what it answers."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failure(f'in {seconds} s it did not come to this: {what}')
        time.sleep(0.01)


def listening(address=('127.0.0.1', 0)):
    """A socket as a socket unit opens it."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(address)
    one.listen(4096)
    return one


class Ear:
    """Where natter tells how it goes. `hear` keeps everything in `heard`, an assignment a line."""

    def __init__(self, address):
        self.address = address
        self.heard = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind('\0' + address[1:] if address.startswith('@') else address)

    def hear(self, seconds=0.0):
        """What came within that time, at most one message."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return []
        lines = self.socket.recv(4096).decode().split('\n')
        self.heard += lines
        return lines

    def wait(self, start):
        """The first line that begins so, among all that comes from now on."""
        def look():
            return next((line for line in self.hear(0.05) if line.startswith(start)), None)
        return until(look, f'the service manager hears {start}')

    def close(self):
        self.socket.close()


class Service:
    """One run of natter under this manager: `passed` are pairs of a name and a socket."""

    def __init__(self, natter, data, flags=(), passed=(), variables=None, ear=None, is_journal=False):
        self.ear = ear
        self.log_path = tempfile.NamedTemporaryFile(prefix='natter-service-', suffix='.log', delete=False).name
        self.status = None
        log = os.open(self.log_path, os.O_WRONLY | os.O_APPEND)
        command = [natter, 'serve', '--data', data, '--metrics-listen', '127.0.0.1:0', *flags]
        environment = {**os.environ, **(variables or {})}
        if is_journal:
            about = os.fstat(log)
            environment['JOURNAL_STREAM'] = f'{about.st_dev}:{about.st_ino}'
        if ear:
            environment['NOTIFY_SOCKET'] = ear.address
        self.pid = os.fork()
        if self.pid == 0:
            self.become(command, environment, passed, log)
        os.close(log)

    @staticmethod
    def become(command, environment, passed, log):
        """In the child: descriptors from 3 on are those that are passed, and no others are left."""
        try:
            high = [os.dup(one.fileno() if hasattr(one, 'fileno') else one) for _, one in passed]
            high = [os.dup2(one, 200 + index) for index, one in enumerate(high)]
            os.dup2(log, 2)
            os.closerange(3, 200)
            for index, one in enumerate(high):
                os.dup2(one, FIRST_PASSED + index, inheritable=True)
            if passed:
                environment.update(LISTEN_FDS=str(len(passed)), LISTEN_PID=str(os.getpid()),
                                   LISTEN_FDNAMES=':'.join(name for name, _ in passed))
            if 'WATCHDOG_USEC' in environment:
                environment['WATCHDOG_PID'] = str(os.getpid())
            os.closerange(200, 256)
            os.execve(command[0], command, environment)
        finally:
            os._exit(127)

    def log(self):
        with open(self.log_path, encoding='utf-8') as file:
            return file.read()

    def events(self, name):
        """Lines of the log (of its JSON form) about one event."""
        lines = [json.loads(line) for line in self.log().split('\n') if line.startswith('{')]
        return [line for line in lines if line['event'] == name]

    def port(self, place=0):
        places = until(lambda: self.events('server.listening')[place:], 'it listens')
        return int(places[0]['address'].rpartition(':')[2])

    def signal(self, number):
        os.kill(self.pid, number)

    def is_over(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait(self):
        until(self.is_over, f'natter ends\n{self.log()}')
        return self.status

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()

    def clean_up(self):
        if not self.is_over():
            self.signal(signal.SIGKILL)
            self.wait()
        os.unlink(self.log_path)
