# SPDX-License-Identifier: Apache-2.0
"""RFC 6455 section 4: the opening handshake, with each field right in every way, missing, wrong and doubled."""
from case import KEY, Agreed, Answer, Case, request

OTHER_KEY = 'AQIDBAUGBwgJCgsMDQ4PEA=='     # section 4.1
REFUSED = Answer(400)
UPGRADE_REQUIRED = Answer(426, also=(400,), fields={'Upgrade': 'websocket', 'Connection': 'pgrade'})
OTHER_VERSION = Answer(426, also=(400,), fields={'Sec-WebSocket-Version': '13', 'Upgrade': 'websocket',
                                                 'Connection': 'pgrade'})


def cases(server):
    yield from right()
    yield from right_forms()
    yield from fields_missing()
    yield from upgrade_and_connection()
    yield from versions()
    yield from keys()
    yield from request_lines()
    yield from bodies()
    yield from malformed()
    yield from protocols(server)


def right():
    for name, change in ('plain', {}), ('other-key', {'Sec-WebSocket-Key': OTHER_KEY}), \
            ('zero-key', {'Sec-WebSocket-Key': 'A' * 22 + '=='}), ('high-key', {'Sec-WebSocket-Key': '/' * 21 + 'w=='}):
        yield Case(f'handshake.{name}', '4.2.2', f'A right handshake is accepted, with the right answer: {name}.',
                   opening=request(change=change), answer=Agreed())
    for field, values in (
            ('Upgrade', ['WebSocket', 'WEBSOCKET', 'webSocket']),
            ('Connection', ['upgrade', 'UPGRADE', 'keep-alive, Upgrade', 'Upgrade, keep-alive', 'close,Upgrade',
                            'Upgrade,', ',Upgrade', 'x , \tupgrade\t, y']),
            ('Host', ['localhost:8080', '[::1]', '[::1]:8080', '127.0.0.1', 'LOCALHOST'])):
        for index, value in enumerate(values):
            yield Case(f'handshake.{field.lower()}.form-{index + 1}', '4.2.1', f'{field}: {value!r} is right.',
                       opening=request(change={field: value}), answer=Agreed())


def right_forms():
    usual = request()
    for name, opening in (
            ('lower-case', b'\r\n'.join(head_in(usual, str.lower))),
            ('upper-case', b'\r\n'.join(head_in(usual, str.upper))),
            ('no-blank', usual.replace(b': ', b':')),
            ('many-blanks', usual.replace(b': ', b': \t  ').replace(b'\r\nUpgrade', b' \t\r\nUpgrade')),
            ('two-connections', request(change={'Connection': 'keep-alive'}, extra=['Connection: Upgrade'])),
            ('unknown-fields', request(extra=['X-One: 1', 'X-Two: "a, b"', 'X-Empty:', 'Accept: */*'])),
            ('fields-of-browsers', request(extra=['Pragma: no-cache', 'Cache-Control: no-cache', 'DNT: 1',
                                                  'User-Agent: Mozilla/5.0 (X11; Linux)', 'Accept-Language: de,en'])),
            ('query', request(target='/ws?room=~query&name=a%20b&x=')),
            ('absolute-target', request(target='http://localhost/ws')),
            ('empty-line-first', b'\r\n' + usual),
            ('length-0', request(extra=['Content-Length: 0'])),
            ('long-field', request(extra=['X-Long: ' + 'x' * 4000]))):
        yield Case(f'handshake.form.{name}', '4.2.1', f'The head may be written like this: {name}.', opening=opening,
                   answer=Agreed())
    for piece in 1, 2, 3, 7, 50:
        yield Case(f'handshake.piece.{piece}', '4.2.1', f'A handshake may arrive in writes of {piece} bytes.',
                   opening=usual, piece=piece, answer=Agreed())


def head_in(opening, change):
    """The lines with their fields' names in another case; values that may not change stay."""
    for index, line in enumerate(opening.split(b'\r\n')):
        name, colon, value = line.partition(b':')
        yield change(name.decode()).encode() + colon + value if index > 0 else line


def fields_missing():
    for name, answer in ('Host', REFUSED), ('Upgrade', UPGRADE_REQUIRED), ('Connection', REFUSED), \
            ('Sec-WebSocket-Key', REFUSED), ('Sec-WebSocket-Version', Answer(400, also=(426,))):
        yield Case(f'handshake.missing.{name.lower()}', '4.2.1', f'A handshake without {name} is refused.',
                   opening=request(leave_out=(name,)), answer=answer)
    yield Case('handshake.missing.all', '4.2.1', 'A plain GET is told to upgrade.', answer=UPGRADE_REQUIRED,
               opening=request(leave_out=('Upgrade', 'Connection', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version')))
    for name, value in ('Host', 'localhost'), ('Sec-WebSocket-Key', KEY), ('Sec-WebSocket-Key', OTHER_KEY), \
            ('Sec-WebSocket-Version', '13'), ('Sec-WebSocket-Version', '8'):
        section = '11.3.1' if name == 'Sec-WebSocket-Key' else '4.2.1' if name == 'Host' else '11.3.5'
        yield Case(f'handshake.twice.{name.lower()}.{value.lower()}', section,
                   f'{name} must not be there twice ({value}).',
                   opening=request(extra=[f'{name}: {value}']), answer=Answer(400, also=(426,)))


def upgrade_and_connection():
    for index, value in enumerate(['', 'h2c', 'websockets', 'web socket', 'xwebsocket', 'websocket2', 'web-socket']):
        yield Case(f'handshake.upgrade.wrong-{index + 1}', '4.2.1', f'Upgrade: {value!r} asks for no WebSocket.',
                   opening=request(change={'Upgrade': value}), answer=UPGRADE_REQUIRED)
    for index, value in enumerate(['', 'close', 'keep-alive', 'upgraded', 'up-grade', 'keep-alive; Upgrade']):
        yield Case(f'handshake.connection.wrong-{index + 1}', '4.2.1', f'Connection: {value!r} lacks Upgrade.',
                   opening=request(change={'Connection': value}), answer=REFUSED)
    for index, value in enumerate(['', 'local host', 'a/b', 'user@host', 'host:port', '[::1', 'a,b']):
        yield Case(f'handshake.host.wrong-{index + 1}', '4.2.1', f'Host: {value!r} is none.',
                   opening=request(change={'Host': value}), answer=REFUSED)


def versions():
    for index, value in enumerate(['0', '1', '7', '8', '9', '12', '14', '25', '131', '255', '13, 8', '8, 13']):
        yield Case(f'handshake.version.{index + 1}', '4.4',
                   f'Sec-WebSocket-Version: {value} is told that it is 13 here.',
                   opening=request(change={'Sec-WebSocket-Version': value}), answer=OTHER_VERSION)
    for index, value in enumerate(['', 'x', '013', '13.0', '+13', '-13', '0x0d', '1 3']):
        yield Case(f'handshake.version.malformed-{index + 1}', '11.3.5', f'Sec-WebSocket-Version: {value!r} is none.',
                   opening=request(change={'Sec-WebSocket-Version': value}), answer=Answer(426, also=(400,)))


def keys():
    for name, value in (
            ('empty', ''), ('short', 'dGhlIHNhbXBsZSBub25j'), ('15-bytes', 'dGhlIHNhbXBsZSBub25j'[:20]),
            ('17-bytes', 'dGhlIHNhbXBsZSBub25jZWU='), ('18-bytes', 'dGhlIHNhbXBsZSBub25jZWVl'),
            ('32-bytes', 'A' * 43 + '='), ('no-padding', KEY[:-2]), ('one-padding', KEY[:-1]),
            ('three-paddings', KEY + '='), ('padding-within', 'dGhlIHNhbXBsZSBu=25jZQ=='),
            ('blank-within', 'dGhlIHNhbXBsZSBu 25jZQ=='), ('comma', KEY + ',' + KEY),
            ('url-alphabet', '-_hlIHNhbXBsZSBub25jZQ=='), ('not-base64', '!' * 24),
            ('bits-left', 'dGhlIHNhbXBsZSBub25jZR=='),
            ('not-ascii', 'dGhlIHNhbXBsZSBub25jZé=='), ('quoted', f'"{KEY}"'),
            ('high-byte', 'dGhlIHNhbXBsZSBub25\x80ZQ=='), ('high-byte-last', 'dGhlIHNhbXBsZSBub25\xffZQ==')):
        yield Case(f'handshake.key.{name}', '4.2.1', f'A key that is not 16 bytes in base64 is refused: {name}.',
                   opening=request(change={'Sec-WebSocket-Key': value}), answer=REFUSED)


def request_lines():
    for method in 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'get', 'GETT':
        yield Case(f'handshake.method.{method}', '4.2.1', f'The method is GET, not {method}.',
                   opening=request(method=method), answer=Answer(400, also=(405, 501)))
    yield Case('handshake.method.HEAD', '4.2.1', 'The method is GET, not HEAD.', opening=request(method='HEAD'),
               answer=Answer(400, also=(405, 501)))
    yield Case('handshake.http.1.0', '4.2.1', 'HTTP/1.0 has no upgrade.', opening=request(version='1.0'),
               answer=Answer(400, also=(426, 505)))
    for version in '0.9', '2.0', '3.0', '1', '1.x', '11', '-1.1', '1.1 ':
        yield Case(f'handshake.http.{version.strip() or "blank"}{"-blank" if version.endswith(" ") else ""}', '4.2.1',
                   f'HTTP/{version} is no version that has it.', opening=request(version=version),
                   answer=Answer(400, also=(505,)) if version not in ('2.0', '3.0', '0.9') else
                   Answer(505, also=(400,)))
    for name, target in ('no-slash', 'ws'), ('empty', ''), ('two', '/ws /ws'), ('star', '*'), ('control', '/ws\x01'), \
            ('fragment', '/ws#top'), ('other-host', 'http://elsewhere/ws'):
        yield Case(f'handshake.target.{name}', '4.2.1', f'The target is a path: {name}.',
                   opening=request(target=target), answer=Answer(400, also=(404,)))
    yield Case('handshake.target.too-long', '10.4', 'A target without end is refused.',
               opening=request(target='/ws?' + 'x' * 60000), answer=Answer(414, also=(431, 400)))


def bodies():
    for name, extra, body in (
            ('length', ['Content-Length: 5'], b'hello'),
            ('chunked', ['Transfer-Encoding: chunked'], b'5\r\nhello\r\n0\r\n\r\n'),
            ('chunked-empty', ['Transfer-Encoding: chunked'], b'0\r\n\r\n'),
            ('both', ['Content-Length: 5', 'Transfer-Encoding: chunked'], b'0\r\n\r\n'),
            ('two-lengths', ['Content-Length: 5', 'Content-Length: 5'], b'hello'),
            ('bad-length', ['Content-Length: five'], b'')):
        yield Case(f'handshake.body.{name}', '4.1', f'A handshake has no body: {name}.',
                   opening=request(extra=extra, body=body), answer=REFUSED)


def malformed():
    usual = request()
    for name, opening in (
            ('lf', usual.replace(b'\r\n', b'\n') + b'\r\n\r\n'),
            ('cr', usual.replace(b'\r\nUpgrade', b'\rUpgrade')),
            ('blank-before-colon', usual.replace(b'Upgrade: w', b'Upgrade : w')),
            ('folded', usual.replace(b'Upgrade: w', b'Upgrade:\r\n w')),
            ('nul', request(extra=['X-Nul: a\0b'])),
            ('control', request(extra=['X-Control: a\x07b'])),
            ('no-colon', request(extra=['nonsense'])),
            ('no-name', request(extra=[': value'])),
            ('name-with-blank', request(extra=['X Y: z'])),
            ('name-not-ascii', request(extra=['Xé: z']))):
        yield Case(f'handshake.malformed.{name}', '4.2.1', f'A head that is not HTTP is refused: {name}.',
                   opening=opening, answer=REFUSED)
    yield Case('handshake.malformed.not-http', '4.2.1', 'What is no HTTP at all is refused.',
               opening=b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', answer=REFUSED)
    yield Case('handshake.malformed.frames', '4.2.1', 'Frames without a handshake are refused.',
               opening=b'\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\r\n\r\n', answer=REFUSED)
    yield Case('handshake.malformed.too-large', '10.4', 'A head without end is refused.',
               opening=request(extra=['X-Long: ' + 'x' * 65000]), answer=Answer(431, also=(400, 413)))
    yield Case('handshake.malformed.too-many', '10.4', 'Fields without end are refused.',
               opening=request(extra=[f'X-{number}: x' for number in range(1000)]), answer=Answer(431, also=(400, 413)))


def protocols(server):
    none = Answer(101, fields={'Sec-WebSocket-Protocol': None})
    natter = Answer(101, fields={'Sec-WebSocket-Protocol': 'natter.v1'}) if server.kind == 'chat' else none
    for name, extra, answer in (
            ('unknown', ['Sec-WebSocket-Protocol: other'], none),
            ('known', ['Sec-WebSocket-Protocol: natter.v1'], natter),
            ('second', ['Sec-WebSocket-Protocol: other, natter.v1'], natter),
            ('second-field', ['Sec-WebSocket-Protocol: other', 'Sec-WebSocket-Protocol: natter.v1'], natter),
            ('other-case', ['Sec-WebSocket-Protocol: NATTER.V1'], none),
            ('part', ['Sec-WebSocket-Protocol: natter'], none),
            ('blank-within', ['Sec-WebSocket-Protocol: nat ter'], REFUSED),
            ('not-a-token', ['Sec-WebSocket-Protocol: a;b'], REFUSED)):
        section = '11.3.4' if name in ('blank-within', 'not-a-token') else '4.2.2'
        yield Case(f'handshake.protocol.{name}', section, f'The subprotocol is one that both know, or none: {name}.',
                   opening=request(extra=extra), answer=answer)
    for name, origin, answer in (('none', [], Answer(101)), ('own', ['Origin: http://localhost'], Answer(101)),
                                 ('own-tls', ['Origin: https://localhost'], Answer(101)),
                                 ('other', ['Origin: http://evil.example'], Answer(403)),
                                 ('null', ['Origin: null'], Answer(403)), ('empty', ['Origin:'], Answer(403)),
                                 ('prefix', ['Origin: http://localhost.evil.example'], Answer(403)),
                                 ('twice', ['Origin: http://localhost', 'Origin: http://evil.example'],
                                  Answer(403, (400,)))):
        yield Case(f'handshake.origin.{name}', '10.2', f'The Origin is checked: {name}.', opening=request(extra=origin),
                   answer=answer, on=('chat',))
