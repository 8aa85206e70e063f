# SPDX-License-Identifier: Apache-2.0
"""The servers that cases run against: started here, or named by their address. Each knows what of its frames is the
answer to a message, and whether it is the right one."""
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

from case import Wrong

START_SECONDS_MAX = 30
CHAT_TEXT_MAX = 16384                   # the default of chat.text_max
ECHO_MESSAGE_MAX = 4 << 20
ECHO_FRAGMENTS_MAX = 1000000


class NotStarted(Exception):
    pass


class Process:
    """A server of ours as a child. It ends with `stop()`, and is told so by SIGTERM."""

    def __init__(self, command, stream, pattern):
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, **{stream: subprocess.PIPE}, text=True)
        self.stream = getattr(self.child, stream)
        for line in self.stream:
            found = re.search(pattern, line)
            if found:
                self.address = ('127.0.0.1', int(found.group(1)))
                return
        raise NotStarted(f'{command[0]} ended with {self.child.wait(START_SECONDS_MAX)} before it listened')

    def stop(self):
        """The exit status: a sanitizer that found something makes it other than 0."""
        self.child.send_signal(signal.SIGTERM)
        try:
            rest, _ = self.child.communicate(timeout=START_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return 'killed'
        return self.child.returncode


class Echo:
    """Says every message back."""
    kind = 'echo'

    def __init__(self, address, message_max=ECHO_MESSAGE_MAX, fragments_max=ECHO_FRAGMENTS_MAX):
        self.address, self.message_max, self.fragments_max = address, message_max, fragments_max
        self.process = None

    @classmethod
    def start(cls, program, arguments=(), message_max=ECHO_MESSAGE_MAX):
        limits = ['--message-max', str(message_max), '--fragments-max', str(ECHO_FRAGMENTS_MAX)]
        process = Process([*program, *limits, *arguments], 'stdout', r'listening on 127\.0\.0\.1:(\d+)')
        server = cls(process.address, message_max)
        server.process = process
        return server

    def stop(self):
        return self.process.stop() if self.process else 0

    def target(self):
        return '/ws'

    def greet(self, run):
        pass

    def is_answer(self, event, seen):
        return True

    def judge_message(self, expected, got):
        kind, payload = got
        if kind != expected.kind:
            raise Wrong(f'a {expected.kind} message came back as {kind}')
        if payload != expected.payload:
            raise Wrong(f'{len(expected.payload)} bytes came back as {len(payload)}: '
                        f'{first_difference(expected.payload, payload)}')


class Chat:
    """natter itself: a walk-in at /ws, each in a room of its own that lives in memory only. A text comes back as the
    room's event; what cannot be a message there (nothing, too long, binary) as an error. Either shows that it came."""
    kind = 'chat'
    message_max = 65536             # the default of connection.message_max
    fragments_max = 1024            # and of connection.fragments_max
    numbers = itertools.count()

    def __init__(self, address):
        self.address, self.process, self.folder = address, None, None

    @classmethod
    def start(cls, program):
        folder = tempfile.mkdtemp(prefix='natter-conformance-')
        command = [*program, 'serve', '--listen', '127.0.0.1:0', '--metrics-listen', 'off', '--data', folder,
                   '--limits', 'off', '--log-form', 'json']
        process = Process(command, 'stderr', r'"server\.listening".*"127\.0\.0\.1:(\d+)"')
        server = cls(process.address)
        server.process, server.folder = process, folder
        return server

    def stop(self):
        status = self.process.stop() if self.process else 0
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        return status

    def target(self):
        return f'/ws?room=~conformance-{os.getpid()}-{next(self.numbers)}'

    def greet(self, run):
        """Waits until the room is joined, so that events of others cannot come in between."""
        run.peer.exchange(b'', None, run.take, lambda: 'joined' in run.seen or run.close)

    def is_answer(self, event, seen):
        if event[0] == 'binary':
            return True
        kind = json.loads(event[1])['type']
        seen.add(kind)
        return kind in ('message', 'error')

    def judge_message(self, expected, got):
        frame = json.loads(got[1])
        if frame['type'] == 'message' and expected.kind == 'text' and frame['text'].encode() == expected.payload:
            return
        is_text = expected.kind == 'text' and 0 < len(expected.payload) <= CHAT_TEXT_MAX
        if frame['type'] == 'message' or is_text:
            raise Wrong(f'a {expected.kind} message of {len(expected.payload)} bytes came back as {str(frame)[:200]}')


def first_difference(expected, got):
    for index, (one, other) in enumerate(zip(expected, got)):
        if one != other:
            return f'byte {index} is {other}, not {one}'
    return 'the beginnings are the same'
