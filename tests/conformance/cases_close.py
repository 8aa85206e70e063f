# SPDX-License-Identifier: Apache-2.0
"""RFC 6455 sections 5.5.1 and 7: the closing handshake, its codes and reasons, and what comes after it."""
from case import Case, Closes, Fails, echo
from frames import CLOSE, SENDABLE_CODES, binary, close, frame, more, ping, text

REGISTERED = {1000, 1001, 1002, 1003, *range(1007, 1015)}
RANGES = [
    (range(0, 1000), {0, 1, 2, 100, 125, 126, 255, 256, 500, 998, 999}),
    (range(1000, 1016), set(range(1000, 1016))),
    (range(1016, 3000), {1016, 1017, 1050, 1099, 1100, 1999, 2000, 2001, 2500, 2998, 2999}),
    (range(3000, 5000), {3000, 3001, 3500, 3999, 4000, 4001, 4003, 4108, 4500, 4998, 4999}),
    (range(5000, 65536), {5000, 5001, 9999, 10000, 32767, 32768, 61440, 65534, 65535}),
]


def cases(server):
    yield from codes()
    yield from reasons()
    yield from shapes()
    yield from afterwards()


def codes():
    for covered, chosen in RANGES:
        for code in sorted(chosen):
            assert code in covered
            if code in SENDABLE_CODES:
                yield Case(f'close.code.{code}', '7.4.1' if code < 3000 else '7.4.2',
                           f'A Close with {code} is answered with the same.', send=[close(code)], end=Closes(code))
            else:
                lenient = (code,) if 1016 <= code < 3000 else ()
                yield Case(f'close.code.{code}', '7.4.2', f'The code {code} must not be sent.', send=[close(code)],
                           end=Fails(1002, also=lenient))
    for code in sorted(REGISTERED):
        yield Case(f'close.code.{code}.reason', '7.4.1', f'… with a reason behind {code} as well.',
                   send=[close(code, b'because')], end=Closes(code))
    for code in 0, 999, 1004, 1005, 1006, 1015, 5000:
        yield Case(f'close.code.{code}.reason', '7.4.1', f'… and a reason does not make {code} better.',
                   send=[close(code, b'because')], end=Fails(1002))


def reasons():
    for name, reason in ('short', b'bye'), ('one', b'x'), ('longest', b'x' * 123), \
            ('utf8', 'auf Wiedersehen, tschüß'.encode()), ('emoji', '👋'.encode() * 30), ('nul', b'a\0b'):
        yield Case(f'close.reason.{name}', '5.5.1', f'A reason is allowed: {name}.', send=[close(1000, reason)],
                   end=Closes(1000))
    for name, reason in ('cut', b'x' * 120 + b'\xe2\x82'), ('in-the-middle', b'abc\xffdef'), ('first', b'\x80abc'):
        yield Case(f'close.reason.not-utf8.{name}', '5.5.1', f'A reason that is not UTF-8 is refused: {name}.',
                   send=[close(1000, reason)], end=Fails(1007, also=(1002,)))
    for size in 124, 125, 1000:
        yield Case(f'close.reason.too-long.{size}', '5.5', f'A reason of {size} bytes makes the frame too long.',
                   send=[close(1000, b'x' * size)], end=Fails(1002))


def shapes():
    yield Case('close.empty', '5.5.1', 'A Close without a code is answered with one without.', send=[close()],
               end=Closes(None))
    for byte in 0x00, 0x03, 0xe8, 0xff:
        yield Case(f'close.one-byte.{byte:02x}', '5.5.1', f'A payload of one byte ({byte:02x}) is no code.',
                   send=[frame(CLOSE, bytes([byte]))], end=Fails(1002))
    for piece in 1, 2, 3, 5:
        yield Case(f'close.in-pieces.{piece}', '5.5.1', f'A Close that comes in writes of {piece} bytes.',
                   send=[close(1000, b'goodbye')], end=Closes(1000), piece=piece)
    yield Case('close.at-once', '7.1.1', 'Closing is the first that the client says.', send=[close(1000)],
               end=Closes(1000))
    yield Case('close.going-away', '7.4.1', 'A page that is left says 1001.', send=[close(1001)], end=Closes(1001))
    yield Case('close.within-message', '5.4', 'A Close may come between fragments.',
               send=[text(b'never', final=False), close(1000)], end=Closes(1000))
    yield Case('close.within-compressible', '5.4', 'A Close between binary fragments.',
               send=[binary(b'never', final=False), more(b'more', final=False), close(4000)], end=Closes(4000))


def afterwards():
    for name, behind in ('text', text(b'late')), ('ping', ping(b'late')), ('close', close(1001)), \
            ('bad-text', text(b'\xff')), ('unmasked', text(b'late', mask=None)), ('reserved', frame(3, b'')), \
            ('noise', bytes(range(256))), ('half-a-frame', b'\x81'):
        yield Case(f'close.then.{name}', '5.5.1', f'What comes after a Close is not looked at: {name}.',
                   send=[close(1000), behind], end=Closes(1000))
        yield Case(f'close.failed-then.{name}', '7.1.7', f'… nor after the connection has failed: {name}.',
                   send=[frame(11, b''), behind], end=Fails(1002))
    yield Case('close.after-message', '5.5.1', 'What was said before the Close is still answered.',
               send=[text(b'last words'), close(1000)], expect=echo('text', b'last words'), end=Closes(1000),
               on=('echo',))
    yield Case('close.after-many', '5.5.1', 'A hundred messages before the Close are all answered.',
               send=[*[text(b'%d' % i) for i in range(100)], close(1000)],
               expect=echo('text', *[b'%d' % i for i in range(100)]), end=Closes(1000), on=('echo',))
