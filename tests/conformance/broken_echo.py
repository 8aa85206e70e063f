#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An echo server that is right, or wrong in one way that can be chosen: proof that the cases find what they are for.

    tests/conformance/broken_echo.py [--fault NAME]       the address is printed on stdout
    tests/conformance/broken_echo.py --list               the faults
"""
import argparse
import base64
import hashlib
import os
import re
import signal
import socket
import struct
import sys
import threading
import zlib

sys.dont_write_bytecode = True

# Name → the cases that are expected to find it, what is wrong.
FAULTS = {
    'wrong-accept-key': ('handshake.plain', 'answers the key without the GUID of the standard'),
    'any-version': ('handshake.version', 'accepts every Sec-WebSocket-Version'),
    'key-unchecked': ('handshake.key', 'accepts every Sec-WebSocket-Key'),
    'any-method': ('handshake.method', 'upgrades a POST'),
    'deflate-unasked': ('length.', 'agrees on permessage-deflate that nobody offered'),
    'parameters-unchecked': ('deflate.offer', 'accepts an offer with parameters that are unknown or wrong'),
    'accepts-unmasked': ('mask.', 'takes frames that are not masked'),
    'masks-answers': ('length.', 'masks its own frames'),
    'mask-restarts': ('mask.phase', 'begins the mask anew with each read'),
    'long-form': ('length.', 'writes every length in 16 bits at least'),
    'length-cut': ('length.', 'keeps only the low 16 bits of a length of 64'),
    'accepts-long-form': ('length.long-form', 'takes lengths that are not written in the fewest bytes'),
    'echoes-reserved-bits': ('reserved.', 'takes reserved bits, and sends them back'),
    'accepts-opcodes': ('opcode.', 'ignores frames of unknown opcodes'),
    'loses-empty-fragment': ('fragment.', 'ends a message at a fragment without content'),
    'control-ends-message': ('fragment.', 'forgets the fragments before a control frame'),
    'accepts-lone-continuation': ('fragment.', 'takes a continuation without a beginning as a text'),
    'interleaves-fragments': ('length.text', 'sends the next message between two fragments of the last'),
    'text-unchecked': ('utf8.invalid', 'does not check that text is UTF-8'),
    'text-checked-late': ('utf8.fast', 'checks text when the message is complete, not before'),
    'surrogates': ('utf8.invalid', 'takes surrogates in UTF-8'),
    'ping-unanswered': ('control.ping', 'never answers a ping'),
    'pong-empty': ('control.ping', 'answers pings without their content'),
    'pong-answered': ('control.pong', 'answers pongs'),
    'long-ping': ('control.too-long', 'takes pings of more than 125 bytes'),
    'fragmented-ping': ('control.fragmented', 'takes pings without FIN'),
    'wrong-close-code': ('opcode.', 'closes with 1000 whatever is wrong'),
    'close-unanswered': ('close.code', 'ends the stream without answering a Close'),
    'close-code-unchecked': ('close.code', 'takes every close code'),
    'close-reason-unchecked': ('close.reason', 'does not check that a reason is UTF-8'),
    'talks-after-close': ('close.', 'goes on answering after a Close'),
    'stays-after-close': ('close.code', 'answers a Close, and leaves the stream open'),
    'ignores-rsv1': ('deflate.example', 'takes compressed messages for plain ones'),
    'keeps-context': ('deflate.context', 'compresses with a context that was agreed to be dropped'),
    'ignores-window': ('deflate.window', 'compresses with a larger window than agreed'),
    'rsv1-everywhere': ('deflate.', 'sets RSV1 in every fragment of a compressed message'),
    'stops-at-last-block': ('deflate.', 'does not read on behind a block that is marked as the last'),
    'no-limit': ('deflate.bomb', 'inflates without a limit'),
}

GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
TAIL = b'\0\0\xff\xff'
CODES = {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)}
PARAMETER = re.compile(r'(server|client)_no_context_takeover|(client_max_window_bits)(=([89]|1[0-5]))?'
                       r'|(server_max_window_bits)=([89]|1[0-5])')
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED = rf'"({TOKEN[:-1]}|\\[0-9])+"'
EXTENSION = re.compile(rf'{TOKEN}(\s*;\s*{TOKEN}(\s*=\s*({TOKEN}|{QUOTED}))?)*')
REQUEST_LINE = re.compile(rf'(?P<method>{TOKEN}) (https?://localhost)?/[!-"$-~]* HTTP/(?P<version>[0-9]\.[0-9])')
FIELD = re.compile(rf'{TOKEN}:[\t -~\x80-\xff]*')
HOST = re.compile(r'([A-Za-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]*)?', re.IGNORECASE)


class Fail(Exception):
    def __init__(self, code):
        self.code = code


class Gone(Exception):
    pass


class Refuse(Exception):
    def __init__(self, status, fields=''):
        self.status, self.fields = status, fields


class Connection:
    def __init__(self, stream, fault, message_max):
        self.stream, self.fault, self.message_max = stream, fault, message_max
        self.buffer = bytearray()
        self.deflate = None          # the parameters that were agreed on
        self.compressor = None
        self.opcode, self.parts, self.rsv = None, [], 0

    def serve(self):
        try:
            self.upgrade(self.read_head())
            while self.take_frame():
                pass
        except Refuse as refusal:
            self.write(f'HTTP/1.1 {refusal.status} Refused\r\n{refusal.fields}Content-Length: 0\r\n'
                       'Connection: close\r\n\r\n'.encode())
        except Fail as fail:
            self.say(8, struct.pack('>H', 1000 if self.fault == 'wrong-close-code' else fail.code))
        except Gone:
            pass
        self.linger()

    def linger(self):
        """Our end of the stream, then the peer's: unread bytes would turn it into a reset."""
        try:
            if self.fault != 'stays-after-close':
                self.stream.shutdown(socket.SHUT_WR)
            while self.stream.recv(65536):
                pass
        except OSError:
            pass
        self.stream.close()

    def write(self, data):
        try:
            self.stream.sendall(data)
        except OSError:
            raise Gone() from None

    def fill(self, size):
        while len(self.buffer) < size:
            try:
                data = self.stream.recv(1 << 18)
            except OSError:
                data = b''
            if not data:
                raise Gone()
            self.buffer += data

    def take(self, size):
        self.fill(size)
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    # The opening handshake.

    def read_head(self):
        while b'\r\n\r\n' not in self.buffer:
            self.fill(len(self.buffer) + 1)
        if len(self.buffer) > 20000 or self.buffer.count(b'\n') > 100:
            raise Refuse(431)
        return self.take(self.buffer.index(b'\r\n\r\n') + 4).decode('latin-1').lstrip('\r\n')

    def upgrade(self, head):
        line, *lines = head.rstrip('\r\n').split('\r\n')
        fields = {}
        for one in lines:
            if not FIELD.fullmatch(one):
                raise Refuse(400)
            name, _, value = one.partition(':')
            fields.setdefault(name.lower(), []).append(value.strip())
        self.check(line, fields)
        key = fields['sec-websocket-key'][0].encode()
        accept = hashlib.sha1(key if self.fault == 'wrong-accept-key' else key + GUID).digest()
        extensions = self.negotiate(fields.get('sec-websocket-extensions', []))
        self.write(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                   b'Sec-WebSocket-Accept: ' + base64.b64encode(accept) + b'\r\n' + extensions.encode() + b'\r\n')

    def check(self, line, fields):
        request = REQUEST_LINE.fullmatch(line)
        if not request or len(line) > 8000:
            raise Refuse(400 if not request else 414)
        if request['version'] != '1.1' or (request['method'] != 'GET' and self.fault != 'any-method'):
            raise Refuse(400 if request['version'][:2] == '1.' else 505)
        if not HOST.fullmatch(','.join(fields.get('host', ['']))) or 'transfer-encoding' in fields \
                or fields.get('content-length', ['0']) != ['0']:
            raise Refuse(400)
        if 'websocket' not in ','.join(fields.get('upgrade', [])).lower().split(','):
            raise Refuse(426, 'Upgrade: websocket\r\nConnection: Upgrade\r\n')
        wanted = ','.join(fields.get('connection', [])).lower().replace('\t', ' ')
        if 'upgrade' not in [one.strip() for one in wanted.split(',')]:
            raise Refuse(400)
        if fields.get('sec-websocket-version') != ['13'] and self.fault != 'any-version':
            raise Refuse(426, 'Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n')
        keys = fields.get('sec-websocket-key', [])
        protocols = ','.join(fields.get('sec-websocket-protocol', ['x'])).split(',')
        if not all(re.fullmatch(TOKEN, one.strip()) for one in protocols):
            raise Refuse(400)
        if len(keys) != 1 or (not is_key(keys[0]) and self.fault != 'key-unchecked'):
            raise Refuse(400)

    def negotiate(self, lists):
        """The field of the answer, or nothing."""
        offers = [one.strip() for one in ','.join(lists).split(',') if one.strip()]
        if not all(EXTENSION.fullmatch(offer) for offer in offers):
            raise Refuse(400)
        for offer in offers:
            name, *parts = [re.sub(r'\s*=\s*', '=', re.sub(r'["\\]', '', part.strip())) for part in offer.split(';')]
            names = [part.partition('=')[0] for part in parts]
            is_right = all(PARAMETER.fullmatch(part) for part in parts) and len(set(names)) == len(names)
            if name == 'permessage-deflate' and (is_right or self.fault == 'parameters-unchecked'):
                return self.agree(parts)
        if self.fault != 'deflate-unasked':
            return ''
        return self.agree([])

    def agree(self, parts):
        window = [part for part in parts if re.fullmatch(r'server_max_window_bits=(9|1[0-5])', part)]
        eight = [part for part in parts if part == 'server_max_window_bits=8']
        if eight:
            return ''                # zlib has no raw window of 8 bits
        self.bits = int(window[0].partition('=')[2]) if window and self.fault != 'ignores-window' else 15
        self.deflate = ['server_no_context_takeover', 'client_no_context_takeover', *window]
        return f'Sec-WebSocket-Extensions: permessage-deflate; {"; ".join(self.deflate)}\r\n'

    # Frames.

    def take_frame(self):
        """False: the connection is closed."""
        first = self.take(1)[0]
        opcode, final, rsv = first & 15, first >> 7, first >> 4 & 7
        self.check_first(opcode, final, rsv)
        second = self.take(1)[0]
        if not second & 128 and self.fault != 'accepts-unmasked':
            raise Fail(1002)
        length = self.take_length(opcode, second & 127)
        self.check_size(length, rsv)
        mask = self.take(4) if second & 128 else b'\0\0\0\0'
        payload = self.take_payload(opcode, rsv, length, mask)
        if opcode >= 8:
            return self.control(opcode, payload)
        if opcode < 3:
            self.data(opcode, final, rsv, payload)
        return True

    def check_first(self, opcode, final, rsv):
        if rsv and self.fault != 'echoes-reserved-bits':
            if rsv != 4 or not self.deflate or opcode not in (1, 2):
                raise Fail(1002)
        if opcode not in (0, 1, 2, 8, 9, 10) and self.fault != 'accepts-opcodes':
            raise Fail(1002)
        if opcode >= 8 and not final and not (self.fault == 'fragmented-ping' and opcode == 9):
            raise Fail(1002)
        if opcode == 0 and self.opcode is None and self.fault != 'accepts-lone-continuation':
            raise Fail(1002)
        if opcode in (1, 2) and self.opcode is not None:
            raise Fail(1002)

    def take_length(self, opcode, length):
        if opcode >= 8 and length > 125 and not (self.fault == 'long-ping' and opcode == 9):
            raise Fail(1002)
        if length > 125:
            least, size = (126, 2) if length == 126 else (65536, 8)
            length = int.from_bytes(self.take(size), 'big')
            if length >> 63 or (length < least and self.fault != 'accepts-long-form'):
                raise Fail(1002)
        if self.fault == 'length-cut':
            return length & 0xffff
        return length

    def take_payload(self, opcode, rsv, length, mask):
        """Text that is not compressed is looked at as it comes in."""
        payload = bytearray()
        is_text = (opcode == 1 or (opcode == 0 and self.opcode == 1)) and not (rsv or self.rsv)
        while len(payload) < length:
            self.fill(1)
            part = self.take(min(len(self.buffer), length - len(payload)))
            phase = 0 if self.fault == 'mask-restarts' else len(payload) % 4
            payload += unmask(part, mask[phase:] + mask[:phase])
            if is_text and self.fault != 'text-checked-late':
                self.check_text(b''.join(self.parts) + payload, False)
        return bytes(payload)

    def check_text(self, text, is_whole):
        if self.fault == 'text-unchecked':
            return
        try:
            text.decode('utf-8', 'surrogatepass' if self.fault == 'surrogates' else 'strict')
        except UnicodeDecodeError as error:
            is_cut = error.end == len(text) and error.reason == 'unexpected end of data'
            if is_whole or not is_cut:
                raise Fail(1007) from None

    def control(self, opcode, payload):
        if self.fault == 'control-ends-message':
            self.parts = []
        if opcode == 9 and self.fault != 'ping-unanswered':
            self.say(10, b'' if self.fault == 'pong-empty' else payload[:125])
        if opcode == 10 and self.fault == 'pong-answered':
            self.say(10, payload)
        if opcode != 8:
            return True
        self.check_close(payload)
        if self.fault != 'close-unanswered':
            self.say(8, payload[:2])
        return self.fault == 'talks-after-close'

    def check_close(self, payload):
        code = int.from_bytes(payload[:2], 'big')
        if payload and (len(payload) == 1 or (code not in CODES and self.fault != 'close-code-unchecked')):
            raise Fail(1002)
        try:
            payload[2:].decode('latin-1' if self.fault == 'close-reason-unchecked' else 'utf-8')
        except UnicodeDecodeError:
            raise Fail(1007) from None

    def data(self, opcode, final, rsv, payload):
        if self.opcode is None:
            self.opcode, self.parts, self.rsv = opcode or 1, [], rsv
        self.parts.append(payload)
        if not final and not (self.fault == 'loses-empty-fragment' and not payload):
            return
        message, opcode = b''.join(self.parts), self.opcode
        if self.rsv & 4 and self.deflate and self.fault != 'ignores-rsv1':
            message = self.inflate(message)
        if len(message) > self.message_max:
            raise Fail(1009)
        if opcode == 1:
            self.check_text(message, True)
        rsv, self.opcode, self.parts, self.rsv = self.rsv, None, [], 0
        self.echo(opcode, message, rsv if self.fault == 'echoes-reserved-bits' else 0)

    def check_size(self, length, rsv):
        """A compressed message that does not get smaller is a little longer than its content."""
        room = self.message_max + (self.message_max // 50 if rsv or self.rsv else 0)
        if length + sum(map(len, self.parts)) > room:
            raise Fail(1009)

    def inflate(self, packed):
        message, rest = b'', packed + TAIL
        limit = 0 if self.fault == 'no-limit' else self.message_max + 1
        try:
            while rest and (not limit or len(message) < limit):
                stream = zlib.decompressobj(-15)
                message += stream.decompress(rest, limit and limit - len(message))
                rest = stream.unused_data if self.fault != 'stops-at-last-block' else b''
                if not stream.eof and not stream.unconsumed_tail and not has_ended(packed):
                    raise Fail(1002)
        except zlib.error:
            raise Fail(1002) from None
        return message[:self.message_max] if self.fault == 'no-limit' else message

    # Answers.

    def echo(self, opcode, message, rsv):
        if self.deflate and len(message) > 100 and not rsv:
            self.say_compressed(opcode, message)
        elif self.fault == 'interleaves-fragments' and len(message) > 1:
            self.say(opcode, message[:1], final=False)
            self.say(opcode, message[1:])
        else:
            self.say(opcode, message, rsv=rsv)

    def say_compressed(self, opcode, message):
        if self.compressor is None or self.fault != 'keeps-context':
            self.compressor = zlib.compressobj(6, zlib.DEFLATED, -self.bits)
        packed = (self.compressor.compress(message) + self.compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
        if self.fault == 'rsv1-everywhere':
            self.say(opcode, packed[:5], final=False, rsv=4)
            self.say(0, packed[5:], rsv=4)
        else:
            self.say(opcode, packed, rsv=4)

    def say(self, opcode, payload, final=True, rsv=0):
        bit = 128 if self.fault == 'masks-answers' else 0
        start = bytes([final << 7 | rsv << 4 | opcode])
        if len(payload) < 126 and self.fault != 'long-form':
            start += bytes([bit | len(payload)])
        elif len(payload) < 65536:
            start += bytes([bit | 126]) + struct.pack('>H', len(payload))
        else:
            start += bytes([bit | 127]) + struct.pack('>Q', len(payload))
        self.write(start + (b'\0\0\0\0' if bit else b'') + payload)


def is_key(text):
    try:
        raw = base64.b64decode(text.encode('ascii'), validate=True)
    except ValueError:
        return False
    return len(raw) == 16 and base64.b64encode(raw).decode() == text


def unmask(part, mask):
    key = (mask * (len(part) // 4 + 1))[:len(part)]
    return (int.from_bytes(part, 'big') ^ int.from_bytes(key, 'big')).to_bytes(len(part), 'big')


def has_ended(packed):
    """Is the stream complete between two blocks? Then an empty block more is read as such."""
    stream = zlib.decompressobj(-15)
    stream.decompress(packed + TAIL + b'\x01\0\0\xff\xff')
    return stream.eof


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--fault', choices=FAULTS)
    parser.add_argument('--message-max', type=int, default=4 << 20)
    parser.add_argument('--fragments-max', type=int)       # taken, not kept to: as the real one takes it
    parser.add_argument('--list', action='store_true')
    options = parser.parse_args()
    if options.list:
        for name, (cases, text) in FAULTS.items():
            print(f'{name:<28} {cases:<20} {text}')
        return
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    listener = socket.create_server(('127.0.0.1', 0), backlog=64)
    print(f'listening on 127.0.0.1:{listener.getsockname()[1]}', flush=True)
    while True:
        stream, _ = listener.accept()
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(stream, options.fault, options.message_max)
        threading.Thread(target=connection.serve, daemon=True).start()


if __name__ == '__main__':
    main()
