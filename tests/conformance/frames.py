# SPDX-License-Identifier: Apache-2.0
"""WebSocket frames and permessage-deflate as a client needs them, read off RFC 6455 and RFC 7692. It shares nothing
with the server: what both misunderstood in the same way would not be seen."""
import struct
import zlib

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NAMES = {CONTINUATION: 'continuation', TEXT: 'text', BINARY: 'binary', CLOSE: 'close', PING: 'ping', PONG: 'pong'}
RSV1, RSV2, RSV3 = 4, 2, 1
MASK = b'\x37\xfa\x21\x3d'
TAIL = b'\x00\x00\xff\xff'

# Codes that an endpoint may put into a Close frame: section 7.4.1, the IANA registry, section 7.4.2.
SENDABLE_CODES = {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)}


class Violation(Exception):
    """The server broke the standard. The text says how."""


def xor(payload, mask):
    if not payload:
        return b''
    key = (mask * (len(payload) // 4 + 1))[:len(payload)]
    return (int.from_bytes(payload, 'big') ^ int.from_bytes(key, 'big')).to_bytes(len(payload), 'big')


def head(opcode, length, final=True, rsv=0, masked=True, width=None):
    """The first bytes of a frame. `width`: bits that the length is written in, where not the fewest."""
    first = bytes([final << 7 | rsv << 4 | opcode])
    bit = masked << 7
    if width is None:
        width = 7 if length < 126 else 16 if length < 65536 else 64
    if width == 7:
        return first + bytes([bit | length])
    return first + (bytes([bit | 126]) + struct.pack('>H', length) if width == 16
                    else bytes([bit | 127]) + struct.pack('>Q', length))


def frame(opcode, payload=b'', final=True, rsv=0, mask=MASK, width=None):
    """A whole frame; `mask` None leaves it unmasked."""
    start = head(opcode, len(payload), final, rsv, mask is not None, width)
    return start + payload if mask is None else start + mask + xor(payload, mask)


def text(payload, **more):
    return frame(TEXT, payload.encode() if isinstance(payload, str) else payload, **more)


def binary(payload, **more):
    return frame(BINARY, payload, **more)


def more(payload, final=True, **rest):
    return frame(CONTINUATION, payload, final=final, **rest)


def ping(payload=b'', **rest):
    return frame(PING, payload, **rest)


def pong(payload=b'', **rest):
    return frame(PONG, payload, **rest)


def close(code=None, reason=b'', **rest):
    return frame(CLOSE, b'' if code is None else struct.pack('>H', code) + reason, **rest)


def fragments(opcode, payload, size, rsv=0):
    """The message in frames of `size` bytes each."""
    cut = [payload[at:at + size] for at in range(0, len(payload), size)] or [b'']
    last = len(cut) - 1
    return b''.join(frame(opcode if i == 0 else CONTINUATION, part, final=i == last, rsv=rsv if i == 0 else 0)
                    for i, part in enumerate(cut))


def deflate(message, window_bits=15, level=6, context=None):
    """The payload of a compressed message (RFC 7692 section 7.2.1). `context`: a compressor that goes on."""
    compressor = context or zlib.compressobj(level, zlib.DEFLATED, -window_bits)
    packed = compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)
    assert packed.endswith(TAIL)
    return packed[:-len(TAIL)]


def compressor(window_bits=15, level=6):
    return zlib.compressobj(level, zlib.DEFLATED, -window_bits)


class Inflater:
    """Reads the server's compressed messages under the terms that it agreed to."""

    def __init__(self, window_bits=15, keeps_context=True):
        self.window_bits = window_bits
        self.keeps_context = keeps_context
        self.stream = self._new()

    def _new(self):
        return zlib.decompressobj(-self.window_bits)

    def read(self, payload):
        if not self.keeps_context:
            self.stream = self._new()
        # zlib takes what it has put out in one call for a part of its window; a byte a call keeps it to the agreed one.
        step = 1 if self.window_bits < 15 else max(len(payload), 1)
        try:
            message = b''.join(self.stream.decompress(payload[at:at + step]) for at in range(0, len(payload), step))
            message += self.stream.decompress(TAIL) if not self.stream.eof else b''
            while self.stream.eof:      # a block was marked as the last one; others may follow
                rest, self.stream = self.stream.unused_data + TAIL, self._new()
                message += self.stream.decompress(rest)
        except zlib.error as error:
            raise Violation(f'a compressed message cannot be inflated as agreed: {error}') from None
        return message


class Reader:
    """The server's bytes as events: ('text', bytes), ('binary', bytes), ('ping', bytes), ('pong', bytes),
    ('close', code or None, reason). Whatever a server must not send is a Violation."""

    def __init__(self, inflater=None):
        self.bytes = bytearray()
        self.inflater = inflater
        self.opcode = None          # of the message that is open
        self.is_compressed = False
        self.parts = []
        self.is_closed = False

    def feed(self, data):
        self.bytes += data
        while (event := self._next()) is not None:
            if event:
                yield event

    def _next(self):
        """None: more bytes are needed; False: a frame that is no event by itself."""
        taken = self._take_frame()
        if taken is None:
            return None
        opcode, final, rsv1, payload = taken
        if self.is_closed:
            raise Violation(f'a {NAMES[opcode]} frame came after the Close frame')
        if opcode >= CLOSE:
            return self._control(opcode, final, rsv1, payload)
        return self._data(opcode, final, rsv1, payload)

    def _take_frame(self):
        data = self.bytes
        if len(data) < 2:
            return None
        opcode, final, rsv = data[0] & 15, bool(data[0] & 128), data[0] >> 4 & 7
        length, start = data[1] & 127, 2
        if opcode not in NAMES:
            raise Violation(f'a frame with the reserved opcode {opcode}')
        if rsv & (RSV2 | RSV3) or (rsv and not self.inflater):
            raise Violation(f'reserved bits {rsv:03b} are set in a {NAMES[opcode]} frame')
        if data[1] & 128:
            raise Violation('a frame of the server is masked')
        if length > 125:
            start = 4 if length == 126 else 10
            if len(data) < start:
                return None
            least = 126 if length == 126 else 65536
            length = int.from_bytes(data[2:start], 'big')
            if length < least:
                raise Violation(f'the length {length} is not written in the fewest bytes')
            if length >> 63:
                raise Violation('the top bit of a length is set')
        if len(data) < start + length:
            return None
        payload = bytes(data[start:start + length])
        del data[:start + length]
        return opcode, final, bool(rsv), payload

    def _control(self, opcode, final, rsv1, payload):
        if not final or len(payload) > 125 or rsv1:
            raise Violation(f'a {NAMES[opcode]} frame that is fragmented, longer than 125 bytes or has RSV1 set')
        if opcode != CLOSE:
            return NAMES[opcode], payload
        self.is_closed = True
        if not payload:
            return 'close', None, ''
        if len(payload) == 1:
            raise Violation('a Close frame with a payload of one byte')
        code = int.from_bytes(payload[:2], 'big')
        if code not in SENDABLE_CODES:
            raise Violation(f'a Close frame with the code {code}')
        return 'close', code, self._text_of(payload[2:], 'the reason of a Close frame')

    def _data(self, opcode, final, rsv1, payload):
        if (opcode == CONTINUATION) != (self.opcode is not None):
            raise Violation('a continuation without a beginning' if self.opcode is None
                            else f'a {NAMES[opcode]} frame within another message')
        if opcode == CONTINUATION:
            if rsv1:
                raise Violation('RSV1 is set in a continuation')
        else:
            self.opcode, self.is_compressed, self.parts = opcode, rsv1, []
        self.parts.append(payload)
        if not final:
            return False
        message, kind = b''.join(self.parts), NAMES[self.opcode]
        self.opcode = None
        if self.is_compressed:
            message = self.inflater.read(message)
        if kind == 'text':
            self._text_of(message, 'a text message')
        return kind, message

    @staticmethod
    def _text_of(payload, what):
        try:
            return payload.decode()
        except UnicodeDecodeError:
            raise Violation(f'{what} is not UTF-8') from None
