# SPDX-License-Identifier: Apache-2.0
"""RFC 6455 sections 5.1 to 5.5: lengths, masks, reserved bits and opcodes, fragments, control frames."""
from case import Case, Fails, Message, Pong, echo
from frames import (BINARY, CLOSE, CONTINUATION, MASK, NAMES, PING, PONG, RSV1, TEXT, binary, close, fragments, frame,
                    head, more, ping, pong, text, xor)

ABC = (b'The quick brown fox jumps over the lazy dog. ' * 2 + b'abcdefghijklmnopqrstuvwxyz 0123456789\n')


def letters(size):
    return (ABC * (size // len(ABC) + 1))[:size]


def octets(size):
    return (bytes(range(256)) * (size // 256 + 1))[:size]


def cases(server):
    yield from lengths(server)
    yield from bad_lengths(server)
    yield from pieces(server)
    yield from masks()
    yield from reserved_bits()
    yield from opcodes()
    yield from right_fragments(server)
    yield from wrong_fragments(server)
    yield from pings()
    yield from wrong_controls()


def lengths(server):
    limit = server.message_max
    sizes = [0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 1023, 1024, 4095, 4096, 16383, 16384, 65534, 65535, 65536,
             65537, limit - 1, limit]
    for size in sorted({size for size in sizes if size <= limit}):
        yield Case(f'length.text.{size}', '5.2', f'A text of {size} bytes arrives whole.',
                   send=[text(letters(size))], expect=echo('text', letters(size)))
        yield Case(f'length.binary.{size}', '5.2', f'{size} binary bytes arrive whole.',
                   send=[binary(octets(size))], expect=echo('binary', octets(size)))
    yield Case('length.all-in-a-row', '5.2', 'Messages of 0 to 200 bytes in one go come back in order.',
               send=[text(letters(size)) for size in range(201)],
               expect=echo('text', *[letters(size) for size in range(201)]), on=('echo',))
    for size in limit + 1, 2 * limit:
        yield Case(f'length.over-limit.{size}', '10.4', f'{size} bytes, over the limit, are refused as too big.',
                   send=[binary(octets(size))], end=Fails(1009))
    yield Case('length.over-limit-in-fragments', '10.4', 'The limit is that of the message, not of each fragment.',
               send=[fragments(BINARY, octets(limit + 1), 4096)], end=Fails(1009))
    for size in limit + 1, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63 - 1:
        yield Case(f'length.announced.{size}', '10.4', f'A header that announces {size} bytes is refused at once.',
                   send=[head(TEXT, size, width=64) + MASK], end=Fails(1009), rest=[b'x' * 10])


def bad_lengths(server):
    for size, width in (0, 16), (1, 16), (125, 16), (0, 64), (125, 64), (126, 64), (127, 64), (65535, 64):
        yield Case(f'length.long-form.{size}-in-{width}-bits', '5.2',
                   f'The length {size} in {width} bits is not the fewest bytes.',
                   send=[text(letters(size), width=width)], end=Fails(1002))
    for opcode in PING, PONG, CLOSE:
        yield Case(f'length.long-form.{NAMES[opcode]}', '5.2', f'A {NAMES[opcode]} frame has its length in 7 bits.',
                   send=[frame(opcode, b'', width=16)], end=Fails(1002))
    for size in 2 ** 63, 2 ** 63 + 1, 2 ** 64 - 1:
        yield Case(f'length.top-bit.{size:x}', '5.2', 'The top bit of a length of 64 bits is 0.',
                   send=[head(BINARY, size, width=64) + MASK], end=Fails(1002, also=(1009,)))


def pieces(server):
    greek = 'κόσμε 😀 '.encode()
    for piece in 1, 2, 3, 5, 7, 13, 64, 125, 1000, 1024, 1460, 4096, 16384, 65535, 65536:
        for size in 19, 190, 66500:
            if size > server.message_max or size < piece:
                continue
            payload = greek * (size // len(greek))
            yield Case(f'piece.{piece}.text-of-{size}', '6.2', f'A text arrives in writes of {piece} bytes.',
                       send=[text(payload)], expect=echo('text', payload), piece=piece)
        if piece > 500 or server.message_max <= 65536:
            payload = octets(server.message_max)
            yield Case(f'piece.{piece}.limit', '6.2', f'The largest message arrives in writes of {piece} bytes.',
                       send=[binary(payload)], expect=echo('binary', payload), piece=piece)
    many = [text(letters(size)) for size in range(1, 120)]
    for piece in 1, 3, 1000:
        yield Case(f'piece.{piece}.many', '6.2', f'Frames need not begin with a write (of {piece} bytes).',
                   send=many, expect=echo('text', *[letters(size) for size in range(1, 120)]), piece=piece,
                   on=('echo',))


def masks():
    for name, what in ('text', text(b'hello', mask=None)), ('binary', binary(b'\0\1', mask=None)), \
            ('empty', text(b'', mask=None)), ('ping', ping(b'hi', mask=None)), ('pong', pong(b'hi', mask=None)), \
            ('close', close(1000, mask=None)), ('long', text(letters(70000), mask=None)):
        yield Case(f'mask.missing.{name}', '5.1', f'An unmasked frame of a client is refused ({name}).', send=[what],
                   end=Fails(1002))
    yield Case('mask.missing.second', '5.1', 'An unmasked frame is refused after a right one as well.',
               send=[text(b'right'), text(b'wrong', mask=None)], expect=echo('text', b'right'), end=Fails(1002),
               on=('echo',))
    yield Case('mask.missing.continuation', '5.1', 'An unmasked continuation is refused.',
               send=[text(b'a', final=False), more(b'b', mask=None)], end=Fails(1002))
    for mask in b'\0\0\0\0', b'\xff\xff\xff\xff', b'\1\0\0\0', b'\0\0\0\x80', b'{{{{', b'\x81\x85\x88\x8a':
        yield Case(f'mask.value.{mask.hex()}', '5.3', f'Any mask will do: {mask.hex()}.',
                   send=[text(letters(300), mask=mask)], expect=echo('text', letters(300)))
    for size in 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65:
        yield Case(f'mask.size.{size}', '5.3', f'The mask is applied byte by byte to {size} bytes.',
                   send=[text(letters(size))], expect=echo('text', letters(size)))
    for piece in 1, 3, 5, 1001, 4097:
        yield Case(f'mask.phase.{piece}', '5.3', f'The mask goes on where the last write of {piece} bytes ended.',
                   send=[text(letters(9000))], expect=echo('text', letters(9000)), piece=piece)
    changing = [frame(TEXT if i == 0 else CONTINUATION, letters(99), final=i == 4, mask=bytes([i, 7 * i, 255 - i, 9]))
                for i in range(5)]
    yield Case('mask.changes', '5.3', 'Each fragment has its own mask.', send=changing,
               expect=echo('text', letters(99) * 5))


def reserved_bits():
    for opcode, name in NAMES.items():
        for rsv in range(1, 8):
            before = [text(b'a', final=False)] if opcode == CONTINUATION else []
            payload = b'\x03\xe8' if opcode == CLOSE else b'hi'
            yield Case(f'reserved.{name}.{rsv:03b}', '5.2', f'Reserved bits {rsv:03b} in a {name} frame are refused.',
                       send=[*before, frame(opcode, payload, rsv=rsv)], end=Fails(1002))
    yield Case('reserved.after-message', '5.2', 'A reserved bit is refused after right messages as well.',
               send=[text(b'one'), ping(b'two'), text(b'three', rsv=RSV1)],
               expect=(*echo('text', b'one'), Pong(b'two')), end=Fails(1002), on=('echo',))


def opcodes():
    for opcode in 3, 4, 5, 6, 7, 11, 12, 13, 14, 15:
        for name, payload in ('empty', b''), ('full', b'payload'):
            yield Case(f'opcode.{opcode}.{name}', '5.2', f'The reserved opcode {opcode} is refused.',
                       send=[frame(opcode, payload)], end=Fails(1002))
        yield Case(f'opcode.{opcode}.within', '5.2', f'The reserved opcode {opcode} is refused within a message.',
                   send=[text(b'a', final=False), frame(opcode, b'b'), more(b'c')], end=Fails(1002))
        yield Case(f'opcode.{opcode}.open', '5.2', f'The reserved opcode {opcode} is refused without FIN, too.',
                   send=[frame(opcode, b'b', final=False)], end=Fails(1002))


def right_fragments(server):
    for size in 1, 2, 3, 64, 125, 126, 127, 1000, 4096, 65535, 65536:
        for opcode, data in (TEXT, letters), (BINARY, octets):
            whole = data(min(max(5 * size, 100), server.message_max, 200 * size))
            yield Case(f'fragment.size.{size}.{NAMES[opcode]}', '5.4', f'A message in fragments of {size} bytes.',
                       send=[fragments(opcode, whole, size)], expect=[Message(NAMES[opcode], whole)])
    for name, parts in ('first', [b'', b'a', b'b']), ('middle', [b'a', b'', b'b']), ('last', [b'a', b'b', b'']), \
            ('all', [b'', b'', b'']), ('two', [b'', b'']):
        frames_of = [frame(BINARY if i == 0 else CONTINUATION, part, final=i == len(parts) - 1)
                     for i, part in enumerate(parts)]
        yield Case(f'fragment.empty.{name}', '5.4', f'Fragments may be empty: {name}.', send=frames_of,
                   expect=echo('binary', b''.join(parts)))
    count = min(server.fragments_max, 5000)
    yield Case('fragment.many', '5.4', f'{count} fragments are one message.',
               send=[fragments(TEXT, letters(count), 1)], expect=echo('text', letters(count)))
    yield Case('fragment.in-pieces', '5.4', 'Fragments and writes are cut at different places.',
               send=[fragments(TEXT, letters(700), 11)], expect=echo('text', letters(700)), piece=5)
    yield from interleaved()


def interleaved():
    begin, end = text(b'Hel', final=False), more(b'lo')
    for name, between, answers in (
            ('ping', [ping(b'p')], [Pong(b'p')]),
            ('empty-ping', [ping()], [Pong(b'')]),
            ('pong', [pong(b'unasked')], []),
            ('two-pings', [ping(b'1'), ping(b'2')], [Pong(b'1', True), Pong(b'2')]),
            ('ping-and-pong', [ping(b'1'), pong(b'x')], [Pong(b'1')]),
            ('largest-ping', [ping(b'x' * 125)], [Pong(b'x' * 125)])):
        for cut in None, 1:
            yield Case(f'fragment.with-{name}.{"whole" if cut is None else "bytewise"}', '5.4',
                       f'A control frame comes between fragments: {name}.', send=[begin, *between, end],
                       expect=[*answers, Message('text', b'Hello')], piece=cut)
    parts = [b'a', b'b', b'c', b'd', b'e']
    woven = [part for i, letter in enumerate(parts)
             for part in (ping(letter), frame(TEXT if i == 0 else CONTINUATION, letter, final=i == 4))]
    yield Case('fragment.woven', '5.4', 'A ping comes before each fragment.', send=woven,
               expect=[*[Pong(letter, letter != b'e') for letter in parts], Message('text', b'abcde')])
    yield Case('fragment.two-messages', '5.4', 'A fragmented message follows another.',
               send=[fragments(TEXT, b'first', 2), fragments(BINARY, b'second', 3), text(b'third')],
               expect=[Message('text', b'first'), Message('binary', b'second'), Message('text', b'third')],
               on=('echo',))


def wrong_fragments(server):
    begin = text(b'a', final=False)
    for name, sent, sentence in (
            ('alone', [more(b'x')], 'A continuation without a beginning'),
            ('alone-open', [more(b'x', final=False)], 'A continuation without beginning and end'),
            ('alone-empty', [more(b'')], 'An empty continuation without a beginning'),
            ('after-whole', [begin, more(b'b'), more(b'c')], 'A continuation after the message has ended'),
            ('text-in-text', [begin, text(b'b')], 'A text within a text'),
            ('text-in-text-open', [begin, text(b'b', final=False)], 'A beginning within a text'),
            ('binary-in-text', [begin, binary(b'b')], 'A binary message within a text'),
            ('text-in-binary', [binary(b'a', final=False), text(b'b')], 'A text within a binary message'),
            ('empty-in-text', [begin, text(b'')], 'An empty text within a text'),
            ('after-ping', [ping(b'p'), more(b'x')], 'A continuation of a ping')):
        answers = {'after-whole': echo('text', b'ab'), 'after-ping': [Pong(b'p')]}.get(name, ())
        yield Case(f'fragment.wrong.{name}', '5.4', f'{sentence} is refused.', send=sent, expect=answers,
                   end=Fails(1002), on=('echo',) if answers else ('echo', 'chat'))
    count = server.fragments_max + 1
    yield Case('fragment.too-many', '10.4', f'{count} fragments are more than the server takes.',
               send=[text(b'', final=False), more(b'', final=False) * (count - 1)],
               end=Fails(1008, also=(1002, 1009, 'open')), on=('chat',))


def pings():
    for size in 0, 1, 2, 4, 8, 63, 64, 123, 124, 125:
        yield Case(f'control.ping.{size}', '5.5.2', f'A ping of {size} bytes is answered with the same bytes.',
                   send=[ping(octets(size))], expect=[Pong(octets(size))])
        yield Case(f'control.pong.{size}', '5.5.3', f'A pong of {size} bytes that nobody asked for is not answered.',
                   send=[pong(octets(size)), text(b'next')], expect=echo('text', b'next'))
    yield Case('control.ping.not-text', '5.5.2', 'The payload of a ping is any bytes.',
               send=[ping(b'\xff\xfe\xed\xa0\x80')], expect=[Pong(b'\xff\xfe\xed\xa0\x80')])
    many = [b'%d' % number for number in range(20)]
    yield Case('control.ping.many', '5.5.3', 'Of twenty pings at least the newest is answered.',
               send=[ping(one) for one in many], expect=[Pong(one, one != many[-1]) for one in many])
    yield Case('control.ping.in-pieces', '5.5.2', 'A ping that arrives byte by byte is answered.',
               send=[ping(b'x' * 125)], expect=[Pong(b'x' * 125)], piece=1)
    yield Case('control.ping.with-message', '5.5.2', 'A ping is answered, and so is the message behind it.',
               send=[ping(b'p'), text(b'hello')], expect=[Pong(b'p'), Message('text', b'hello')])
    yield Case('control.ping.after-message', '5.5.2', 'A ping behind a message is answered.',
               send=[text(b'hello'), ping(b'p')], expect=[Pong(b'p'), Message('text', b'hello')])


def wrong_controls():
    for opcode, first in (PING, b''), (PONG, b''), (CLOSE, b'\x03\xe8'):
        name = NAMES[opcode]
        for size in 126, 127, 65536:
            yield Case(f'control.too-long.{name}.{size}', '5.5', f'A {name} frame of {size} bytes is refused.',
                       send=[frame(opcode, first + b'x' * (size - len(first)))], end=Fails(1002))
        yield Case(f'control.fragmented.{name}', '5.5', f'A {name} frame without FIN is refused.',
                   send=[frame(opcode, first, final=False)], end=Fails(1002))
        yield Case(f'control.fragmented.{name}.whole', '5.5', f'A {name} frame in two fragments is refused.',
                   send=[frame(opcode, first, final=False), more(b'x')], end=Fails(1002))
        yield Case(f'control.fragmented.{name}.within', '5.5', f'A {name} frame without FIN within a message.',
                   send=[text(b'a', final=False), frame(opcode, first, final=False), more(b'b')], end=Fails(1002))
    yield Case('control.too-long.announced', '5.5', 'A ping that announces too much is refused at its header.',
               send=[head(PING, 126)], end=Fails(1002), rest=[MASK + xor(b'x' * 126, MASK)])
