# SPDX-License-Identifier: Apache-2.0
"""RFC 6455 section 8.1: what is UTF-8 (RFC 3629) and what is not, wherever it is cut, and how soon it is said."""
from case import Case, Fails, echo
from frames import CONTINUATION, MASK, TEXT, close, fragments, frame, head, more, ping, text, xor

VALID = {
    'ascii': b'hello',
    'nul': b'a\0b',
    'controls': bytes(range(1, 32)) + b'\x7f',
    'two-bytes-first': b'\xc2\x80',
    'two-bytes-last': b'\xdf\xbf',
    'three-bytes-first': b'\xe0\xa0\x80',
    'three-bytes-last': b'\xef\xbf\xbf',
    'before-surrogates': b'\xed\x9f\xbf',
    'after-surrogates': b'\xee\x80\x80',
    'four-bytes-first': b'\xf0\x90\x80\x80',
    'four-bytes-last': b'\xf4\x8f\xbf\xbf',
    'not-a-character': b'\xef\xb7\x90\xef\xbf\xbe',
    'byte-order-mark': b'\xef\xbb\xbfhello',
    'replacement': b'\xef\xbf\xbd',
    'greek': 'κόσμε'.encode(),
    'chinese': '你好，世界'.encode(),
    'hebrew': 'שלום עולם'.encode(),
    'family': '👨\u200d👩\u200d👧 🏳\ufe0f\u200d🌈'.encode(),
    'marks': 'Z\u0351\u036b\u0343a\u0302'.encode(),
    'ascii-after-block': b'x' * 64 + 'é'.encode() + b'y' * 64,
}

INVALID = {
    'lone-continuation.80': b'\x80',
    'lone-continuation.bf': b'\xbf',
    'lone-continuations': b'\x80\xbf\x80',
    'overlong.slash-2': b'\xc0\xaf',
    'overlong.slash-3': b'\xe0\x80\xaf',
    'overlong.slash-4': b'\xf0\x80\x80\xaf',
    'overlong.nul-2': b'\xc0\x80',
    'overlong.nul-3': b'\xe0\x80\x80',
    'overlong.nul-4': b'\xf0\x80\x80\x80',
    'overlong.last-2': b'\xc1\xbf',
    'overlong.last-3': b'\xe0\x9f\xbf',
    'overlong.last-4': b'\xf0\x8f\xbf\xbf',
    'surrogate.high-first': b'\xed\xa0\x80',
    'surrogate.high-last': b'\xed\xaf\xbf',
    'surrogate.low-first': b'\xed\xb0\x80',
    'surrogate.low-last': b'\xed\xbf\xbf',
    'surrogate.pair': b'\xed\xa0\xbd\xed\xb8\x80',
    'too-high.first': b'\xf4\x90\x80\x80',
    'too-high.f5': b'\xf5\x80\x80\x80',
    'too-high.five-bytes': b'\xf8\x88\x80\x80\x80',
    'too-high.six-bytes': b'\xfc\x84\x80\x80\x80\x80',
    'never.fe': b'\xfe',
    'never.ff': b'\xff',
    'never.c0': b'\xc0',
    'never.c1': b'\xc1',
    'cut.two-bytes': b'\xc3',
    'cut.three-bytes': b'\xe2\x82',
    'cut.four-bytes': b'\xf0\x9f\x98',
    'cut.by-ascii-2': b'\xc3(',
    'cut.by-ascii-3': b'\xe2\x82(',
    'cut.by-ascii-4': b'\xf0\x9f\x98(',
    'cut.by-beginning': b'\xe2\x82\xe2\x82\xac',
    'latin-1': 'Grüße'.encode('latin-1'),
    'utf-16': 'hé\ud83d'.encode('utf-16-le', 'surrogatepass'),
}

MIXED = 'aé€😀z'.encode()


def cases(server):
    yield from valid()
    yield from invalid()
    yield from cuts()
    yield from fail_fast()


def valid():
    for name, payload in VALID.items():
        yield Case(f'utf8.valid.{name}', '8.1', f'Text that is UTF-8 is taken: {name}.', send=[text(payload)],
                   expect=echo('text', payload))
        yield Case(f'utf8.valid.{name}.bytewise', '8.1', f'… and in fragments of one byte: {name}.',
                   send=[fragments(TEXT, payload, 1)], expect=echo('text', payload))


def invalid():
    for name, payload in INVALID.items():
        yield Case(f'utf8.invalid.{name}', '8.1', f'Text that is not UTF-8 is refused: {name}.', send=[text(payload)],
                   end=Fails(1007))
        yield Case(f'utf8.invalid.{name}.within', '8.1', f'… behind and before right text: {name}.',
                   send=[text(b'right ' * 20 + payload + b' right' * 20)], end=Fails(1007))
        yield Case(f'utf8.invalid.{name}.bytewise', '8.1', f'… in fragments of one byte: {name}.',
                   send=[fragments(TEXT, payload, 1)], end=Fails(1007))
        yield Case(f'utf8.invalid.{name}.reason', '8.1', f'… and as the reason of a Close: {name}.',
                   send=[close(1000, payload)], end=Fails(1007, also=(1002,)))
    yield Case('utf8.binary', '5.6', 'Binary messages may have any bytes.',
               send=[frame(2, b''.join(INVALID.values()))], expect=echo('binary', b''.join(INVALID.values())))


def cuts():
    for at in range(len(MIXED) + 1):
        one, two = MIXED[:at], MIXED[at:]
        yield Case(f'utf8.cut.fragment-{at}', '8.1', f'A character may be cut between fragments: at byte {at}.',
                   send=[text(one, final=False), more(two)], expect=echo('text', MIXED))
        yield Case(f'utf8.cut.ping-{at}', '8.1', f'… with a pong in the cut: at byte {at}.',
                   send=[text(one, final=False), frame(10, b'\xff'), more(two)], expect=echo('text', MIXED))
        if 0 < at < len(MIXED) and two[0] & 0xc0 == 0x80:
            yield Case(f'utf8.cut.end-{at}', '8.1', f'A message must not end within a character: at byte {at}.',
                       send=[text(one)], end=Fails(1007))
            yield Case(f'utf8.cut.end-{at}.empty-last', '8.1', f'… nor by an empty last fragment: at byte {at}.',
                       send=[text(one, final=False), more(b'')], end=Fails(1007))
            yield Case(f'utf8.cut.next-{at}', '8.1', f'A character is not continued by the next message: byte {at}.',
                       send=[text(one), text(two)], end=Fails(1007))
    for size in range(1, 5):
        yield Case(f'utf8.cut.every-{size}', '8.1', f'Fragments of {size} bytes cut every character.',
                   send=[fragments(TEXT, MIXED * 30, size)], expect=echo('text', MIXED * 30))


def fail_fast():
    """Standing behind the faulty byte is a promise that more will come: a server that waits for it is slow, not
    wrong."""
    for name in 'never.ff', 'overlong.slash-2', 'surrogate.high-first', 'too-high.first', 'cut.by-ascii-3', \
            'lone-continuation.80':
        bad = INVALID[name]
        yield Case(f'utf8.fast.fragment.{name}', '8.1', f'Bad text fails at the end of its fragment: {name}.',
                   send=[text(b'abc' + bad, final=False)], end=Fails(1007), rest=[more(b'def')])
        yield Case(f'utf8.fast.second.{name}', '8.1', f'… of a later fragment as well: {name}.',
                   send=[text(b'abc', final=False), frame(CONTINUATION, bad, final=False)], end=Fails(1007),
                   rest=[more(b'def')])
        start = xor(b'abc' + bad, MASK)
        behind = xor(b'abc' + bad + b'x' * (1000 - 3 - len(bad)), MASK)[len(start):]
        yield Case(f'utf8.fast.frame.{name}', '8.1', f'… or even before its frame is complete: {name}.',
                   send=[head(TEXT, 1000) + MASK + start], end=Fails(1007), rest=[behind])
    yield Case('utf8.fast.with-ping', '8.1', 'A ping behind the faulty fragment does not change it.',
               send=[text(b'\xff', final=False), ping(b'')], end=Fails(1007), rest=[more(b'')])
