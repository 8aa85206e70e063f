# SPDX-License-Identifier: Apache-2.0
"""Runs one case against a server, and judges what came back."""
import re
import time
from dataclasses import dataclass

import frames
from case import Agreed, Answer, Closes, Fails, Pong, StaysOpen, Wrong, accept_of, request
from frames import Inflater, Reader, Violation
from peer import Late, Peer

PASSED, ALLOWED, FAILED = 'passed', 'allowed', 'FAILED'
HEAD_BYTES_MAX = 65536


@dataclass
class Verdict:
    case: object
    outcome: str
    detail: str = ''
    seconds: float = 0


def run(case, server, seconds_max):
    started = time.monotonic()
    try:
        peer = Peer(server.address, seconds_max)
        try:
            outcome, detail = Run(case, server, peer).run()
        finally:
            peer.close()
    except (Wrong, Violation) as fault:
        outcome, detail = FAILED, str(fault)
    except Late:
        outcome, detail = FAILED, 'what was awaited did not come in time'
    except OSError as error:
        outcome, detail = FAILED, f'the connection failed: {error}'
    return Verdict(case, outcome, detail, time.monotonic() - started)


class Run:
    def __init__(self, case, server, peer):
        self.case, self.server, self.peer = case, server, peer
        self.raw = bytearray()
        self.reader = None
        self.messages, self.pongs, self.close = [], [], None
        self.notes = []             # what is not as wanted, but allowed
        self.was_tolerated = False
        self.agreed = None          # parameters of permessage-deflate
        self.seen = set()           # what the server has greeted with

    def run(self):
        if self.open():
            self.speak()
            self.end()
        return (ALLOWED, '; '.join(self.notes)) if self.notes else (PASSED, '')

    # The opening handshake.

    def open(self):
        """False: the answer was all that the case is about."""
        case = self.case
        opening = case.opening
        if opening is None:
            extra = [f'Sec-WebSocket-Extensions: {case.offer}'] if case.offer is not None else []
            opening = request(target=self.server.target(), extra=extra)
        self.accept = accept_of(opening)
        status, fields = self.read_head(opening)
        if isinstance(case.answer, Answer):
            self.judge_answer(status, fields)
            return False
        self.judge_upgrade(status, fields)
        self.judge_agreement(case.answer or Agreed(), fields)
        return True

    def read_head(self, opening):
        self.peer.exchange(opening, self.case.piece if self.case.opening else None, self.raw.extend,
                           lambda: b'\r\n\r\n' in self.raw or len(self.raw) > HEAD_BYTES_MAX)
        end = self.raw.find(b'\r\n\r\n')
        if end < 0:
            raise Wrong('the stream ended without an answer to the handshake')
        lines = self.raw[:end].decode('latin-1').split('\r\n')
        del self.raw[:end + 4]
        status = re.fullmatch(r'HTTP/1\.1 (\d{3}) .*', lines[0])
        if not status:
            raise Wrong(f'the status line is {lines[0]!r}')
        fields = {}
        for line in lines[1:]:
            name, colon, value = line.partition(':')
            if not colon or name != name.strip():
                raise Wrong(f'the answer has the malformed line {line!r}')
            fields.setdefault(name.lower(), []).append(value.strip())
        return int(status.group(1)), fields

    def judge_answer(self, status, fields):
        expected = self.case.answer
        if status != expected.status:
            if status not in expected.also:
                raise Wrong(f'answered with {status}, not {expected.status}')
            self.notes.append(f'answered with {status}, not {expected.status}')
            return
        for name, part in expected.fields.items():
            value = ', '.join(fields.get(name.lower(), []))
            if part is None and name.lower() in fields:
                raise Wrong(f'the answer has {name}: {value}')
            if part is not None and part not in value:
                raise Wrong(f'the answer has {name}: {value}, not {part}' if value else f'the answer lacks {name}')

    def judge_upgrade(self, status, fields):
        if status != 101:
            raise Wrong(f'the handshake was answered with {status}')
        for name, value in ('upgrade', 'websocket'), ('connection', 'upgrade'):
            if [one.lower() for one in fields.get(name, [])] != [value]:
                raise Wrong(f'the answer has {name}: {fields.get(name)}')
        if fields.get('sec-websocket-accept') != [self.accept]:
            raise Wrong(f'Sec-WebSocket-Accept is {fields.get("sec-websocket-accept")}, not {self.accept}')

    def judge_agreement(self, expected, fields):
        protocol = fields.get('sec-websocket-protocol')
        if protocol != ([expected.protocol] if expected.protocol else None):
            raise Wrong(f'the subprotocol in the answer is {protocol}')
        extensions = fields.get('sec-websocket-extensions', [])
        if len(extensions) > 1:
            raise Wrong('the answer has more than one Sec-WebSocket-Extensions')
        if not extensions and expected.deflate is not None:
            if not expected.may_be_declined:
                raise Wrong('permessage-deflate was offered rightly, and declined')
            self.notes.append('the offer was declined')
        agreed = judge_deflate(extensions[0], expected.deflate) if extensions else None
        self.agreed = agreed
        self.reader = Reader(agreed and Inflater(int(agreed.get('server_max_window_bits', 15)),
                                                 'server_no_context_takeover' not in agreed))

    # Frames.

    def take(self, data):
        for event in self.reader.feed(data):
            if event[0] == 'close':
                self.close = event
            elif event[0] == 'pong':
                self.pongs.append(event[1])
            elif event[0] != 'ping' and self.server.is_answer(event, self.seen):
                self.messages.append(event)

    def speak(self):
        begun, self.raw = bytes(self.raw), bytearray()
        self.take(begun)
        self.server.greet(self)
        sent = b''.join(part(self) if callable(part) else part for part in self.case.send)
        try:
            self.peer.exchange(sent, self.case.piece, self.take, self.is_answered)
        except Late:
            self.judge_survival()

    def judge_survival(self):
        """The server was to fail the connection, and did not."""
        if not isinstance(self.case.end, Fails):
            raise Wrong(f'in time came {len(self.messages)} messages and {len(self.pongs)} pongs; '
                        f'{len(self.case.expect)} answers are due')
        if self.case.rest:
            self.notes.append('the connection failed only when the message was complete')
            self.peer.exchange(b''.join(self.case.rest), None, self.take, self.is_answered)
        elif 'open' in self.case.end.also:
            self.notes.append('it was tolerated')
            self.was_tolerated = True
        else:
            raise Wrong('the connection did not fail')

    def is_answered(self):
        if self.close:
            return True
        if not isinstance(self.case.end, StaysOpen):
            return False
        pongs = [one for one in self.case.expect if isinstance(one, Pong)]
        has_pongs = not pongs or (self.pongs and self.pongs[-1] == pongs[-1].payload)
        return has_pongs and len(self.messages) >= len(self.case.expect) - len(pongs)

    # The end.

    def end(self):
        end = self.case.end
        if self.was_tolerated:
            return
        if isinstance(end, StaysOpen):
            if self.close or self.peer.is_at_end:
                raise Wrong(f'the server ended the connection ({self.how()}), and nothing was wrong')
            self.peer.exchange(frames.close(1000), None, self.take, lambda: self.close is not None)
            end = Closes(1000)
        self.await_stream_end()
        self.judge_payloads()
        if isinstance(end, Closes):
            self.judge_close(end)
        else:
            self.judge_failure(end)

    def await_stream_end(self):
        """A server ends the TCP stream once both have said Close (section 7.1.1)."""
        try:
            self.peer.exchange(b'', None, self.take, lambda: False)
        except Late:
            if self.close:
                raise Wrong('the server said Close, and does not end the stream') from None
            raise

    def judge_payloads(self):
        expected = [one for one in self.case.expect if not isinstance(one, Pong)]
        for index, one in enumerate(expected):
            if index >= len(self.messages):
                raise Wrong(f'{len(self.messages)} of {len(expected)} messages came back')
            self.server.judge_message(one, self.messages[index])
        if len(self.messages) > len(expected):
            kind, payload = self.messages[len(expected)]
            raise Wrong(f'a {kind} message came that must not: {payload[:40]!r}')
        self.judge_pongs([one for one in self.case.expect if isinstance(one, Pong)])

    def judge_pongs(self, expected):
        got = list(self.pongs)
        for one in expected:
            if got and got[0] == one.payload:
                del got[0]
            elif not one.may_be_skipped:
                raise Wrong(f'no pong with {one.payload[:40]!r} came; the next has {got[0][:40]!r}' if got
                            else f'no pong with {one.payload[:40]!r} came')
            else:
                self.note('not every ping was answered, only the newest')
        if got:
            raise Wrong(f'a pong came that must not, with {got[0][:40]!r}')

    def judge_close(self, end):
        if not self.close:
            raise Wrong('the stream ended without a Close frame')
        if self.close[1] != end.code:
            raise Wrong(f'the Close was answered with {self.close[1]}, not {end.code}')

    def judge_failure(self, end):
        if not self.close:
            self.notes.append(f'the stream ended without a Close frame, not with {end.code}')
        elif self.close[1] in end.also:
            self.notes.append(f'closed with {self.close[1]}, not {end.code}')
        elif self.close[1] != end.code:
            raise Wrong(f'{self.how()}, not with {end.code}')

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def how(self):
        return f'closed with {self.close[1]} {self.close[2]!r}' if self.close else 'the stream ended'


def judge_deflate(text, expected):
    """The parameters that were agreed on."""
    name, *parts = [part.strip() for part in text.split(';')]
    if expected is None or name != 'permessage-deflate':
        raise Wrong(f'an extension was agreed on that must not be: {text}')
    agreed = {}
    for part in parts:
        key, equals, value = part.partition('=')
        if key in agreed:
            raise Wrong(f'the parameter {key} is twice in the answer')
        agreed[key] = value.strip('"') if equals else True
    for key, wanted in {'server_no_context_takeover': {True, None}, 'client_no_context_takeover': {True, None},
                        'server_max_window_bits': None, 'client_max_window_bits': None, **expected}.items():
        value = agreed.get(key)
        if value not in (wanted if isinstance(wanted, (set, list, tuple)) else {wanted}):
            raise Wrong(f'the answer has {key}={value}: {text}')
    unknown = set(agreed) - {'server_no_context_takeover', 'client_no_context_takeover', 'server_max_window_bits',
                             'client_max_window_bits'}
    if unknown:
        raise Wrong(f'the answer has unknown parameters: {text}')
    return agreed
