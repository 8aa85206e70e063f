# SPDX-License-Identifier: Apache-2.0
"""What a case is: what is sent, what must come back, and how it ends. Data only; run_case.py does the work.

    Case('ping.125', '5.5.2', 'A ping of 125 bytes is answered with the same bytes.',
         send=[ping(b'x' * 125)], expect=[Pong(b'x' * 125)])
"""
import base64
import hashlib
import re
from dataclasses import dataclass, field

RFC6455 = 'RFC 6455'
RFC7692 = 'RFC 7692'

KEY = 'dGhlIHNhbXBsZSBub25jZQ=='        # the example of RFC 6455 section 1.3
GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'


class Wrong(Exception):
    """Not what a case expects. The text says what came instead."""


@dataclass(frozen=True)
class Message:
    """A data message that comes back."""
    kind: str           # text or binary
    payload: bytes


@dataclass(frozen=True)
class Pong:
    payload: bytes
    may_be_skipped: bool = False    # a newer ping came before it could be answered (section 5.5.3)


@dataclass(frozen=True)
class StaysOpen:
    """Nothing is wrong: the runner then closes with 1000, and is answered with the same and the end of the stream."""


@dataclass(frozen=True)
class Closes:
    """The client closed. The server answers with the same code (None: a Close without one) and ends the stream."""
    code: int = None


@dataclass(frozen=True)
class Fails:
    """The server fails the connection with a Close frame of this code. The standard lets it end the stream without
    one (section 7.1.7), and `also` are codes, or the word 'open', that it allows as well."""
    code: int
    also: tuple = ()


@dataclass(frozen=True)
class Answer:
    """The answer to an opening handshake. `fields` must be there, each with a value that has this text in it (None:
    must not be there)."""
    status: int
    also: tuple = ()                # statuses that are allowed as well
    fields: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Agreed:
    """The handshake ends well. `deflate`: None, no extension may be agreed on; else a dictionary of what must stand in
    the answer: parameter → value, True for no value, a collection of the values that are allowed, None for must not
    be there."""
    deflate: dict = None
    may_be_declined: bool = False
    protocol: str = None


@dataclass(frozen=True)
class Case:
    id: str
    section: str                    # '5.2': of RFC 6455; '7692 7.1.2.1': of that one
    sentence: str
    send: tuple = ()                # bytes; or functions of the session that give bytes
    expect: tuple = ()              # Message and Pong
    end: object = StaysOpen()
    opening: bytes = None           # a whole request in place of the usual one
    offer: str = None               # Sec-WebSocket-Extensions
    answer: object = None           # Answer or Agreed; an Answer ends the case
    piece: int = None               # bytes in one write; None: all at once
    rest: tuple = ()                # sent only if the server did not fail before: then it failed late, not fast
    on: tuple = ('echo', 'chat')    # the kinds of server it is for

    @property
    def standard(self):
        return RFC7692 if self.section.startswith('7692 ') else RFC6455

    @property
    def paragraph(self):
        return self.section.removeprefix('7692 ')

    @property
    def group(self):
        return self.id.split('.')[0]


def request(target='/ws', method='GET', version='1.1', leave_out=(), change=None, extra=(), body=b''):
    """An opening handshake, right but for what is asked. `change` replaces values, `extra` adds lines at the end."""
    fields = {
        'Host': 'localhost',
        'Upgrade': 'websocket',
        'Connection': 'Upgrade',
        'Sec-WebSocket-Key': KEY,
        'Sec-WebSocket-Version': '13',
        **(change or {}),
    }
    lines = [f'{method} {target} HTTP/{version}']
    lines += [f'{name}: {value}' for name, value in fields.items() if name not in leave_out]
    lines += extra
    return '\r\n'.join([*lines, '', '']).encode('latin-1') + body


def accept_of(opening):
    """The Sec-WebSocket-Accept that belongs to a request (section 4.2.2); None where it has no key."""
    key = re.search(rb'\r\nSec-WebSocket-Key:[ \t]*([^\s]*)', opening, re.IGNORECASE)
    return key and base64.b64encode(hashlib.sha1(key.group(1) + GUID.encode()).digest()).decode()


def echo(kind, *payloads):
    return tuple(Message(kind, payload) for payload in payloads)
