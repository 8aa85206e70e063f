# SPDX-License-Identifier: Apache-2.0
"""RFC 7692: every parameter in every offer, and compressed messages in every shape."""
import os
import zlib

from case import Agreed, Answer, Case, Fails, Message, Pong, echo, request
from cases_frames import letters, octets
from frames import (BINARY, CLOSE, CONTINUATION, NAMES, PING, PONG, RSV1, RSV2, RSV3, TEXT, binary, compressor, deflate,
                    fragments, frame, more, ping, text)

PLAIN = 'permessage-deflate'
HELLO = b'\xf2\x48\xcd\xc9\xc9\x07\x00'     # section 7.2.3.1
NONE = Agreed()


def cases(server):
    yield from offers()
    yield from declined_offers()
    yield from several_offers()
    yield from malformed_offers()
    yield from examples()
    yield from sizes(server)
    yield from shapes()
    yield from windows()
    yield from contexts()
    yield from wrong_bits()
    yield from wrong_streams()
    yield from bombs(server)
    yield from bad_text()


def offer(name, section, sentence, value, agreed):
    """The offer, and then a compressed message if it was accepted, a plain one if not."""
    said = letters(300)
    send = [lambda run: text(deflate(said), rsv=RSV1) if run.agreed else text(said)]
    return Case(f'deflate.offer.{name}', section, sentence, offer=value, answer=agreed, send=send,
                expect=echo('text', said))


def offers():
    yield offer('plain', '7692 7.1', 'The plain offer is accepted.', PLAIN, Agreed({}))
    for name in 'server_no_context_takeover', 'client_no_context_takeover':
        must = {name: True} if name.startswith('server') else {}
        yield offer(name, f'7692 7.1.1.{1 if must else 2}', f'{name} is understood.', f'{PLAIN}; {name}', Agreed(must))
    yield offer('both-no-context', '7692 7.1.1', 'Both kinds of no_context_takeover are understood.',
                f'{PLAIN}; server_no_context_takeover; client_no_context_takeover',
                Agreed({'server_no_context_takeover': True}))
    for bits in range(8, 16):
        up_to = [str(value) for value in range(8, bits + 1)]
        for quote in '', '"':
            quoted = '.quoted' if quote else ''
            yield offer(f'server-window-{bits}{quoted}', '7692 7.1.2.1', f"The server's window is at most {bits} bits.",
                        f'{PLAIN}; server_max_window_bits={quote}{bits}{quote}',
                        Agreed({'server_max_window_bits': up_to}, may_be_declined=bits == 8))
            yield offer(f'client-window-{bits}{quoted}', '7692 7.1.2.2', f"The client's window is at most {bits} bits.",
                        f'{PLAIN}; client_max_window_bits={quote}{bits}{quote}',
                        Agreed({'client_max_window_bits': [None, *up_to]}))
    yield offer('client-window', '7692 7.1.2.2', 'client_max_window_bits needs no value in an offer.',
                f'{PLAIN}; client_max_window_bits', Agreed({'client_max_window_bits': [None, *map(str, range(8, 16))]}))
    yield offer('everything', '7692 7.1', 'All parameters at once are understood.',
                f'{PLAIN}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12;'
                ' client_max_window_bits=10',
                Agreed({'server_no_context_takeover': True, 'server_max_window_bits': ['8', '9', '10', '11', '12'],
                        'client_max_window_bits': [None, '8', '9', '10']}))
    for name, value in ('no-blanks', f'{PLAIN};server_max_window_bits=15;client_max_window_bits'),\
            ('many-blanks', f'  {PLAIN} \t ;  server_max_window_bits = 15 ; client_max_window_bits\t'),\
            ('escaped', f'{PLAIN}; server_max_window_bits="1\\5"'):
        yield offer(name, '9.1', f'The offer may be written like this: {name}.', value,
                    Agreed({'server_max_window_bits': [str(bits) for bits in range(8, 16)],
                            'client_max_window_bits': [None, *map(str, range(8, 16))]},
                           may_be_declined=name == 'escaped'))


def declined_offers():
    for side, section in ('server', '7692 7.1.2.1'), ('client', '7692 7.1.2.2'):
        for value in '0', '1', '7', '16', '17', '32', '150', '08', '015', '0xf', 'x', '1x', '-15', '+15', '15.0', \
                '"7"', '"16"', '9999999999999999999999':
            yield offer(f'{side}-window-bad.{value.strip(chr(34))}{".quoted" if value[0] == chr(34) else ""}', section,
                        f'{side}_max_window_bits={value} is declined.', f'{PLAIN}; {side}_max_window_bits={value}',
                        NONE)
        for value in '1', '0', 'true', '"1"':
            yield offer(f'{side}-no-context-bad.{value.strip(chr(34))}{".quoted" if value[0] == chr(34) else ""}',
                        f'7692 7.1.1.{1 if side == "server" else 2}', f'{side}_no_context_takeover has no value.',
                        f'{PLAIN}; {side}_no_context_takeover={value}', NONE)
    yield offer('server-window-bare', '7692 7.1.2.1', 'server_max_window_bits needs a value.',
                f'{PLAIN}; server_max_window_bits', NONE)
    for name in 'unknown', 'server_max_window_bit', 'SERVER_NO_CONTEXT_TAKEOVER', 'mux':
        yield offer(f'unknown.{name}', '7692 7.1', f'An unknown parameter is declined: {name}.', f'{PLAIN}; {name}',
                    NONE)
        yield offer(f'unknown.{name}.value', '7692 7.1', f'… with a value, too: {name}.',
                    f'{PLAIN}; server_no_context_takeover; {name}=12', NONE)
    for name, value in ('server_no_context_takeover', ''), ('client_no_context_takeover', ''), \
            ('server_max_window_bits', '=10'), ('client_max_window_bits', ''), ('client_max_window_bits', '=10'):
        yield offer(f'twice.{name}{value.replace("=", ".")}', '7692 7.1', f'{name} twice is declined.',
                    f'{PLAIN}; {name}{value}; {name}{value}', NONE)
    for name in 'x-webkit-deflate-frame', 'permessage-bzip2', 'permessage-deflat', 'permessage-deflate2', 'deflate':
        yield offer(f'other.{name}', '9.1', f'An extension that is not known is not agreed on: {name}.', name, NONE)


def several_offers():
    window = {'server_max_window_bits': ['8', '9', '10']}
    for name, value, agreed in (
            ('bad-then-good', f'{PLAIN}; server_max_window_bits=7, {PLAIN}', Agreed({})),
            ('unknown-then-good', f'{PLAIN}; mux, {PLAIN}; server_no_context_takeover',
             Agreed({'server_no_context_takeover': True})),
            ('other-then-good', f'x-other; a=1; b="2", {PLAIN}', Agreed({})),
            ('good-then-other', f'{PLAIN}, x-other', Agreed({})),
            ('good-then-bad', f'{PLAIN}; server_max_window_bits=10, {PLAIN}; mux', Agreed(window)),
            ('preferred-first', f'{PLAIN}; server_max_window_bits=10, {PLAIN}', Agreed(window)),
            ('plain-first', f'{PLAIN}, {PLAIN}; server_max_window_bits=10', Agreed({})),
            ('three', f'{PLAIN}; a, {PLAIN}; b=1, {PLAIN}; server_max_window_bits=9',
             Agreed({'server_max_window_bits': ['8', '9']})),
            ('none-of-three', f'{PLAIN}; a, {PLAIN}; b=1, x-other', NONE),
            ('empty-elements', f',, {PLAIN} ,,', Agreed({}))):
        yield offer(f'several.{name}', '7692 5.1', f'The first acceptable offer is taken: {name}.', value, agreed)
    both = [f'Sec-WebSocket-Extensions: {PLAIN}; mux', f'Sec-WebSocket-Extensions: {PLAIN}']
    yield Case('deflate.offer.two-fields', '9.1', 'The list may be split over two fields.',
               opening=request(target='/ws?room=~two-fields', extra=both), answer=Agreed({}))


def malformed_offers():
    """Section 9.1: whoever gets a value that is not well-formed must fail the connection."""
    for name, value in (
            ('semicolon-last', f'{PLAIN};'), ('two-semicolons', f'{PLAIN};; client_max_window_bits'),
            ('no-name', '; client_max_window_bits'), ('no-parameter', f'{PLAIN}; =10'),
            ('no-value', f'{PLAIN}; server_max_window_bits='), ('no-quote', f'{PLAIN}; server_max_window_bits="10'),
            ('empty-quotes', f'{PLAIN}; server_max_window_bits=""'), ('no-token', f'{PLAIN}; x="a b"'),
            ('blank', f'{PLAIN} client_max_window_bits'), ('brackets', f'{PLAIN} (new)'),
            ('behind-a-good-one', f'{PLAIN}, x-other; y==')):
        yield Case(f'deflate.offer.malformed.{name}', '9.1', f'A list that is not well-formed is refused: {name}.',
                   offer=value, answer=Answer(400))


def case(name, section, sentence, send, expect=(), **rest):
    return Case(f'deflate.{name}', section, sentence, send=send, expect=expect, offer=PLAIN,
                answer=Agreed({}), **rest)


def compressed(payload, opcode=TEXT, **how):
    return frame(opcode, deflate(payload, **how), rsv=RSV1)


def examples():
    for name, section, stream in (
            ('one-block', '7692 7.2.3.1', HELLO),
            ('stored', '7692 7.2.3.3', b'\x00\x05\x00\xfa\xffHello\x00'),
            ('last-block', '7692 7.2.3.4', b'\xf3\x48\xcd\xc9\xc9\x07\x00\x00'),
            ('two-blocks', '7692 7.2.3.5', b'\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00')):
        yield case(f'example.{name}', section, f'The example of the standard: {name}.', [text(stream, rsv=RSV1)],
                   echo('text', b'Hello'))
        yield case(f'example.{name}.fragments', section, f'… in fragments of one byte: {name}.',
                   [fragments(TEXT, stream, 1, rsv=RSV1)], echo('text', b'Hello'))
    yield case('example.two-fragments', '7692 7.2.3.1', 'The example in two fragments.',
               [text(HELLO[:3], final=False, rsv=RSV1), more(HELLO[3:])], echo('text', b'Hello'))
    last = zlib.compressobj(6, zlib.DEFLATED, -15)
    finished = last.compress(letters(1000)) + last.flush(zlib.Z_FINISH)
    yield case('last-block.long', '7692 7.2.3.4', 'A message may end with a last block, and one empty byte.',
               [text(finished + b'\0', rsv=RSV1)], echo('text', letters(1000)))
    yield case('last-block.two', '7692 7.2.3.4', 'Behind a last block another stream may begin.',
               [text(finished + b'\0\0\0\xff\xff' + deflate(b' and on'), rsv=RSV1)],
               echo('text', letters(1000) + b' and on'))


def sizes(server):
    limit = server.message_max
    for size in sorted({0, 1, 2, 125, 126, 127, 300, 4096, 65535, 65536, limit - 1, limit}):
        if size > limit:
            continue
        yield case(f'size.text.{size}', '7692 6.2', f'A compressed text of {size} bytes.', [compressed(letters(size))],
                   echo('text', letters(size)))
        noise = os.urandom(size)
        yield case(f'size.noise.{size}', '7692 6.2', f'{size} bytes that do not get smaller.',
                   [compressed(noise, BINARY)], echo('binary', noise))
    for level in range(10):
        yield case(f'level.{level}', '7692 7.2.1', f'Compressed at level {level} (0 is stored blocks).',
                   [compressed(letters(5000), level=level)], echo('text', letters(5000)))
    for name, strategy in ('fixed', zlib.Z_FIXED), ('huffman', zlib.Z_HUFFMAN_ONLY), ('runs', zlib.Z_RLE):
        context = zlib.compressobj(6, zlib.DEFLATED, -15, 8, strategy)
        yield case(f'strategy.{name}', '7692 7.2.1', f'Any kind of block is read: {name}.',
                   [compressed(letters(5000), context=context)], echo('text', letters(5000)))
    for piece in 1, 7, 1000, 4096, 65536:
        whole = octets(min(limit, 65536 if piece < 1000 else limit))
        yield case(f'piece.{piece}', '7692 6.2', f'A large compressed message in writes of {piece} bytes.',
                   [compressed(whole, BINARY, level=0)], echo('binary', whole), piece=piece)


def shapes():
    packed = deflate(letters(3000))
    for size in 1, 2, 3, 10, 125, 126, 1000:
        yield case(f'fragments.{size}', '7692 6.1', f'A compressed message in fragments of {size} bytes.',
                   [fragments(TEXT, packed, size, rsv=RSV1)], echo('text', letters(3000)))
    half = len(packed) // 2
    for name, parts in ('first', [b'', packed]), ('last', [packed, b'']), \
            ('middle', [packed[:half], b'', packed[half:]]), ('many', [b'', b'', packed, b'', b'']):
        yield case(f'fragments.empty.{name}', '7692 6.1', f'Some fragments are empty: {name}.',
                   [frame(TEXT if i == 0 else CONTINUATION, part, final=i == len(parts) - 1, rsv=RSV1 if i == 0 else 0)
                    for i, part in enumerate(parts)], echo('text', letters(3000)))
    yield case('fragments.with-ping', '7692 6.1', 'A ping comes between compressed fragments.',
               [text(packed[:half], final=False, rsv=RSV1), ping(b'p'), more(packed[half:])],
               [Pong(b'p'), Message('text', letters(3000))])
    for name, stream in ('one-byte', b'\0'), ('fixed', b'\x02\0'), ('last', b'\x03\0\0'), \
            ('many', b'\0\0\0\xff\xff' * 9 + b'\0'):
        yield case(f'empty.{name}', '7692 7.2.3.6', f'An empty message, compressed: {name}.', [text(stream, rsv=RSV1)],
                   echo('text', b''))
        yield case(f'empty.{name}.binary', '7692 7.2.3.6', f'An empty binary message, compressed: {name}.',
                   [binary(stream, rsv=RSV1)], echo('binary', b''))
    yield case('plain', '7692 6', 'A message may go uncompressed.', [text(b'plain')], echo('text', b'plain'))
    yield case('plain.between', '7692 6', 'Compressed and plain messages take turns.',
               [compressed(b'one' * 9), text(b'two'), compressed(b'three' * 9), text(b'')],
               echo('text', b'one' * 9, b'two', b'three' * 9, b''), on=('echo',))
    yield case('plain.fragments', '7692 6', 'A plain message in fragments stays plain.',
               [fragments(TEXT, letters(500), 100)], echo('text', letters(500)))


def windows():
    far = bytes(octets(256)) + os.urandom(700) + bytes(octets(256))
    for bits in range(9, 16):
        distant = os.urandom(300) + letters(1 << bits) + os.urandom(300)
        repeated = (distant + distant)[:60000]
        yield Case(f'deflate.window.server-{bits}', '7692 7.1.2.1', f'The server keeps to a window of {bits} bits.',
                   offer=f'{PLAIN}; server_max_window_bits={bits}', send=[binary(repeated)],
                   answer=Agreed({'server_max_window_bits': [str(value) for value in range(8, bits + 1)]}),
                   expect=echo('binary', repeated), on=('echo',))
        yield Case(f'deflate.window.client-{bits}', '7692 7.1.2.2', f'A client with a window of {bits} bits is read.',
                   offer=f'{PLAIN}; client_max_window_bits={bits}',
                   answer=Agreed({'client_max_window_bits': [None, *[str(value) for value in range(8, bits + 1)]]}),
                   send=[compressed(far, BINARY, window_bits=bits)], expect=echo('binary', far))


def contexts():
    words = letters(200)

    def in_one_context(run):
        """Three messages, with what the server allows of the ones before."""
        context = None if run.agreed and 'client_no_context_takeover' in run.agreed else compressor()
        return b''.join(compressed(words, context=context) for _ in range(3))

    def against_the_terms(_):
        context = compressor()
        return compressed(words, context=context) + compressed(words, context=context)

    yield case('context.as-agreed', '7692 7.1.1.2', 'The same text three times, in whatever context was agreed on.',
               [in_one_context], echo('text', words, words, words))
    yield Case('deflate.context.broken', '7692 7.1.1.2', 'A reference to an earlier message, against what was agreed.',
               offer=f'{PLAIN}; client_no_context_takeover', answer=Agreed({'client_no_context_takeover': {True}}),
               send=[against_the_terms], expect=echo('text', words), end=Fails(1002, also=(1007, 1003)), on=('echo',))
    yield Case('deflate.context.server-none', '7692 7.1.1.1', "The server's messages do not refer to earlier ones.",
               offer=f'{PLAIN}; server_no_context_takeover', answer=Agreed({'server_no_context_takeover': True}),
               send=[text(words * 9) * 4], expect=echo('text', *[words * 9] * 4), on=('echo',))


def wrong_bits():
    packed = deflate(letters(300))
    for opcode in PING, PONG, CLOSE:
        yield case(f'rsv1.{NAMES[opcode]}', '7692 6', f'RSV1 in a {NAMES[opcode]} frame is refused.',
                   [frame(opcode, b'\x03\xe8', rsv=RSV1)], end=Fails(1002))
    yield case('rsv1.continuation', '7692 6.1', 'RSV1 belongs to the first fragment only.',
               [text(packed[:9], final=False, rsv=RSV1), more(packed[9:], rsv=RSV1)], end=Fails(1002))
    yield case('rsv1.continuation.plain', '7692 6.1', 'RSV1 comes too late in a continuation.',
               [text(b'plain', final=False), more(packed, rsv=RSV1)], end=Fails(1002))
    yield case('rsv1.continuation.alone', '7692 6.1', 'RSV1 in a continuation of nothing.',
               [more(packed, rsv=RSV1)], end=Fails(1002))
    for rsv in RSV2, RSV3, RSV2 | RSV3, RSV1 | RSV2, RSV1 | RSV3, 7:
        yield case(f'rsv.{rsv:03b}', '5.2', f'Reserved bits {rsv:03b} are not what was agreed on.',
                   [text(packed, rsv=rsv)], end=Fails(1002))


def wrong_streams():
    packed = deflate(letters(300))
    for name, stream in (
            ('noise', b'\xff' * 40), ('reserved-block', b'\x07'),
            ('bad-stored-length', b'\x00\x05\x00\x00\x00Hello\x00'),
            ('cut', packed[:-20]), ('cut-by-one', packed[:-1]), ('cut-in-header', packed[:3]),
            ('too-far-back', b'\x4a\x04\x82\x01\x00'), ('plain-text', b'hello, world'),
            ('zlib-header', zlib.compress(b'hello')), ('gzip', zlib.compress(b'hello', wbits=31))):
        for opcode in TEXT, BINARY:
            yield case(f'stream.{name}.{NAMES[opcode]}', '7692 7.2.2', f'What cannot be inflated is refused: {name}.',
                       [frame(opcode, stream, rsv=RSV1)], end=Fails(1002, also=(1003, 1007)))
    yield case('stream.garbage-behind', '7692 7.2.2', 'Garbage behind the last block is refused.',
               [text(b'\xf3\x48\xcd\xc9\xc9\x07\x00' + b'\xff' * 9, rsv=RSV1)], end=Fails(1002, also=(1003, 1007)))


def bombs(server):
    limit = server.message_max
    zeros = deflate(b'\0' * (limit + 1))
    stored = zeros[:-1] + deflate(b'x' * 99, level=0)
    yield case('bomb.just-fits', '10.4', 'Inflated, it is as large as the limit.', [compressed(b'\0' * limit, BINARY)],
               echo('binary', b'\0' * limit))
    for name, opcode, stream in ('one-more', BINARY, zeros), ('text', TEXT, zeros), \
            ('large', BINARY, deflate(b'\0' * (8 * limit))), ('stored-tail', BINARY, stored):
        yield case(f'bomb.{name}', '10.4', f'Inflated, it is over the limit: {name}.',
                   [frame(opcode, stream, rsv=RSV1)], end=Fails(1009))
        yield case(f'bomb.{name}.fragments', '10.4', f'… in fragments: {name}.',
                   [fragments(opcode, stream, 400, rsv=RSV1)], end=Fails(1009))
    empty_blocks = b'\0\0\0\xff\xff' * ((limit + limit // 8) // 5 + 50)
    yield case('bomb.empty-blocks', '10.4', 'Blocks without content, without end, are over the limit as well.',
               [binary(empty_blocks + b'\0', rsv=RSV1)], end=Fails(1009))


def bad_text():
    for name, bad in ('ff', b'\xff'), ('overlong', b'\xc0\xaf'), ('surrogate', b'\xed\xa0\x80'), ('cut', b'\xe2\x82'):
        yield case(f'utf8.{name}', '8.1', f'Compressed text that is not UTF-8 is refused: {name}.',
                   [compressed(letters(100) + bad)], end=Fails(1007))
        yield case(f'utf8.{name}.fragments', '8.1', f'… in fragments: {name}.',
                   [fragments(TEXT, deflate(letters(100) + bad), 7, rsv=RSV1)], end=Fails(1007))
    euros = '€uro 😀'.encode() * 40
    for size in 1, 2, 3, 5, 50:
        yield case(f'utf8.cut.{size}', '8.1', f'Compressed fragments of {size} bytes cut characters as they like.',
                   [fragments(TEXT, deflate(euros), size, rsv=RSV1)], echo('text', euros))
    stored = b'\x00\x04\x00\xfb\xffabc\xff'
    yield case('utf8.fast', '8.1', 'Bad text fails as soon as it is inflated.',
               [text(stored, final=False, rsv=RSV1)], end=Fails(1007), rest=[more(b'\0')])
