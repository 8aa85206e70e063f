#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the fuzz targets' first inputs into tests/fuzz/corpus/, a folder per target. What a fuzzer finds worth keeping
lies beside them; this never deletes anything."""

import pathlib
import struct
import zlib

CORPUS = pathlib.Path(__file__).parent / "corpus"
CUTS = b"\x05"  # the first byte of most inputs seeds the cuts


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def frame(opcode, payload, final=True, compressed=False, mask=b"\0\0\0\0"):
    first = (0x80 if final else 0) | (0x40 if compressed else 0) | opcode
    if len(payload) < 126:
        head = bytes([first, 0x80 | len(payload)])
    elif len(payload) < 65536:
        head = bytes([first, 0xFE]) + struct.pack(">H", len(payload))
    else:
        head = bytes([first, 0xFF]) + struct.pack(">Q", len(payload))
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def pack(data, window_bits=15):
    deflater = zlib.compressobj(6, zlib.DEFLATED, -window_bits)
    return (deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]


def heads(name, lines, body=b""):
    return name, "\r\n".join([*lines, "", ""]).encode() + body


UPGRADE = [
    "GET /ws?room=lobby&name=ada HTTP/1.1",
    "Host: chat.example:8080",
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
]

HEADS = [
    heads("least", ["X / HTTP/1.0"]),
    heads("get", ["GET / HTTP/1.1", "Host: [::1]:80", "Cookie: a=1; b=2"]),
    heads("query", ["GET /a%20b?a=x+y%2B&b=2 HTTP/1.0", "Connection: keep-alive"]),
    heads("absolute", ["\r\nOPTIONS http://h/?a=%41 HTTP/1.1", "Host: h"]),
    heads("length", ["POST /x HTTP/1.1", "Host: h", "Content-Length: 5", "Expect: 100-continue"], b"hello"),
    heads(
        "chunked",
        ["POST /x HTTP/1.1", "Host: h", "Transfer-Encoding: chunked"],
        b"5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nA: b\r\n\r\n",
    ),
    heads("both", ["POST / HTTP/1.1", "Host: h", "Content-Length: 5", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    heads("fold", ["GET / HTTP/1.1", "Host: h", "X: a", " b"]),
]

# Right frames of every kind, and what parsers of JSON stumble over.
COMMANDS = [
    ("login", '{"type":"login","token":"AbC-_9"}'),
    ("join", '{"type":"join","room":"~caf\u00e9","after":12,"epoch":"e1","history":50,"ref":"r1"}'),
    ("leave", '{"type":"leave","room":"lobby"}'),
    ("send", '{"type":"send","room":"lobby","text":"hello \\ud83e\\udda6 \\"","key":"k1","reply_to":3}'),
    ("edit", '{"type":"edit","room":"lobby","seq":1,"text":"hi","key":"k2"}'),
    ("delete", '{"type":"delete","room":"lobby","seq":1,"key":"k3"}'),
    ("react", '{"type":"react","room":"lobby","seq":1,"emoji":"\U0001f44d","on":true,"key":"k4"}'),
    ("typing", '{"type":"typing","room":"lobby"}'),
    ("read", '{"type":"read","room":"lobby","seq":9007199254740991}'),
    ("history", '{"type":"history","room":"lobby","before":9,"limit":5}'),
    ("who", '{"type":"who","room":"lobby"}'),
    ("digest", '{"type":"digest","room":"lobby","from":1,"to":9}'),
    ("rooms", '{"type":"rooms"}'),
    ("direct", '{"type":"direct","users":["u1","u2"]}'),
    ("mine", '{"type":"mine"}'),
    ("name", '{"type":"name","name":"Ada"}'),
    ("ping", ' {"type":"ping","ref":"","x":[{"y":null}]} '),
    ("unknown", '{"type":"nonsense","ref":"r"}'),
    ("numbers", '{"type":"read","room":"a","seq":-0,"a":1e3,"b":-1.5E-7,"c":99999999999999999999}'),
    ("twice", '{"type":"ping","type":"ping"}'),
    ("surrogate", '{"type":"send","room":"a","text":"\\ud800","key":"k"}'),
    ("nul", '{"type":"send","room":"a","text":"a\\u0000b","key":"k"}'),
    ("deep", '{"type":"ping","x":' + "[" * 20 + "]" * 20 + "}"),
]

NAMES = [
    ("plain", "lobby"),
    ("ephemeral", "~Party-1_2.3"),
    ("apart", "cafe\u0301"),
    ("wide", "\uff2c\uff4f\uff42\uff42\uff59"),
    ("cyrillic", "\u043a\u043e\u043c\u043d\u0430\u0442\u0430"),
    ("greek", "\u039d\u03af\u03ba\u03b7 nick"),
    ("hangul", "\u1100\u1161\u11a8"),
    ("myanmar", "\u101c\u103b\u103e\u1031\u102c\u1000\u103a"),
    ("spaces", " \u00a0Grace \t Hopper\n"),
    ("heart", "ada \u2764\ufe0f"),
    ("family", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
    ("marks", "Z\u0351\u036b\u0343\u036a\u0302a"),
    ("override", "ada\u202egpj"),
    ("sharp", "Stra\u00dfe\u0130\ufb01\u0345"),
    ("blank", "\u3164\u2800"),
    ("alike", "rn vv |1lI0oO \u03f9\ua4ee\u13aa"),
]


# The steps of fuzz_conn.c, in its order.
STEPS = (
    "CONNECT UPGRADE REQUEST RAW FRAME TEXT PACKED SAY_CLOSE FINISH RESET BLOCK ROOM SHORT_READS TURN TIME SUBSCRIBE "
    "HOLD RELEASE UNSUBSCRIBE CHUNK EPHEMERAL LOST REPLY SETTLE CLOSE DRAIN FAIL_ACCEPTS REFUSE PING MANY"
).split()


def life(*steps, flags=0):
    """Each step is a word, or a word and the bytes that it takes."""
    out = bytearray([flags])
    for step in steps:
        name, *rest = step if isinstance(step, tuple) else (step,)
        out.append(STEPS.index(name))
        for part in rest:
            out += part if isinstance(part, bytes) else bytes([part])
    return bytes(out)


SETTLED = [("SETTLE", 0, 0), "TURN", ("REPLY", 0, 7), "TURN"]


def opened(peer=0, form=0):
    return ["CONNECT", "TURN", ("UPGRADE", peer, form), "TURN"]


def say(peer, text):
    return "TEXT", peer, len(text), text


def fed(number, *shapes):
    """Chunks of that shape for a feed, one after the other."""
    return [("CHUNK", 0, number, shape) for shape in shapes]


END = [("SAY_CLOSE", 0, 2, b"\x03\xe8"), "TURN", ("FINISH", 0, 0), "TURN"]
FOLLOWED = [*opened(), ("SUBSCRIBE", 0, 0, 1), "TURN"]
LIVES = [
    ("echo", life(*opened(), say(0, b"hello"), "TURN", ("PING", 0, 2, b"hi"), "TURN", *END)),
    ("packed", life(*opened(0, 1), ("PACKED", 0, 9, b"bbbbbbbbb"), "TURN", say(0, b"b"), "TURN")),
    ("window", life(*opened(0, 2), say(0, b"b"), "TURN", say(0, b"b"), "TURN")),
    ("requests", life("CONNECT", "TURN", *[step for i in range(7) for step in (("REQUEST", 0, i), "TURN")])),
    ("half", life("CONNECT", "TURN", ("REQUEST", 0, 7), "TURN", ("TIME", 5), "TURN")),
    (
        "answers",
        life(*opened(), *[say(0, b"a")] * 3, say(0, b"late"), "TURN", *SETTLED),
    ),
    ("closes", life(*opened(), say(0, b"c"), "TURN", ("TIME", 4), ("TIME", 4))),
    ("ends", life(*opened(), say(0, b"x"), "TURN")),
    (
        "feed",
        life(
            *[*FOLLOWED, *fed(0, 13), "TURN", *fed(0, 1), ("EPHEMERAL", 0, 0, 0), "TURN"],
            *[("UNSUBSCRIBE", 0, 0), *fed(0, 1)],
        ),
    ),
    ("held", life(*opened(), ("HOLD", 0, 1, 0), "TURN", *fed(1, 9), "TURN", ("RELEASE", 0, 5), "TURN")),
    (
        "lapped",
        life(
            *[*FOLLOWED, ("BLOCK", 0, 9), *fed(0, *[255] * 6), "TURN"],
            *[*fed(0, *[255] * 6), "TURN", ("ROOM", 0, 255), "TURN"],
        ),
    ),
    ("slow", life(*FOLLOWED, ("BLOCK", 0, 3), *fed(0, 255), "TURN", ("TIME", 6), ("TIME", 6), flags=8)),
    ("lost", life(*opened(), ("SUBSCRIBE", 0, 2, 1), "TURN", ("LOST", 0, 2), "TURN", *fed(2, 2), "TURN")),
    (
        "two",
        life(
            *[*opened(0), *opened(1, 1)],
            *[("SUBSCRIBE", 0, 0, 0), ("SUBSCRIBE", 1, 0, 0), ("SUBSCRIBE", 1, 1, 0), "TURN"],
            *[*fed(0, 40), *fed(1, 40), "TURN", ("RESET", 0, 0), "TURN", *fed(0, 40), "TURN"],
        ),
    ),
    ("drained", life(*opened(), *opened(1), ("BLOCK", 1, 0), "DRAIN", "TURN", ("TIME", 5), "CONNECT", "TURN")),
    (
        "limits",
        life(
            *[*["CONNECT"] * 5, "TURN", ("REQUEST", 4, 0), "TURN", "FAIL_ACCEPTS", "CONNECT", "TURN", ("TIME", 2)],
            flags=3,
        ),
    ),
    ("heartbeat", life(*opened(), *[("TIME", 6)] * 3)),
    ("refused", life(("REFUSE", 1), *opened(), "TURN", ("REFUSE", 0), ("UPGRADE", 0, 0), "TURN")),
    (
        "pieces",
        life(
            *["CONNECT", "TURN", ("SHORT_READS", 0, 1), ("UPGRADE", 0, 1), *["TURN"] * 9],
            *[("SHORT_READS", 0, 0), "TURN"],
            *[("FRAME", 0, 1, 3, b"abc"), ("FRAME", 0, 0x80, 3, b"def"), "TURN"],
        ),
    ),
    (
        "full",
        life(
            *[*opened(), ("BLOCK", 0, 50), ("MANY", 0, 9), "TURN"],
            *[("ROOM", 0, 99), "TURN", ("ROOM", 0, 255), "TURN"],
        ),
    ),
]

CONFIGS = [
    ("some", 'listen = "127.0.0.1:1, [::1]:2"\nshards = 3\nchat {\n  text_max = 8KiB // x\n  default_room = hall\n}\n'),
    ("remarks", "# one\n/* two\n lines */ connection { slow = close } // three\n"),
    ("unknown", "chat { text_maks = 1 }\n"),
    ("twice", "shards = 1\nshards = 2\n"),
    ("values", 'chat { guests = off }\nconnection { heartbeat = 1min message_max = 1MiB slow = close }'),
    ("variables", 'data = "${HOME}/x"\ninclude("/etc/passwd")\n'),
    ("open", 'data = "never closed'),
    ("comment", "/* never closed"),
    ("nested", "chat { chat { } }"),
    ("list", "listen = {a, b}\nlisten += c\n"),
]


def main():
    for name, head in HEADS:
        write("http1", name, CUTS + head)
    write("http1", "body", CUTS + b"3\r\nabc\r\n00\r\n\r\n")

    offer = 'permessage-deflate; client_max_window_bits; server_max_window_bits=10, x; y="z"'
    deflate = "Sec-WebSocket-Extensions: " + offer
    for name, lines in [
        ("plain", UPGRADE),
        ("full", [*UPGRADE, "Sec-WebSocket-Protocol: natter.v1, other", deflate]),
        ("version", [*UPGRADE[:4], "Sec-WebSocket-Version: 8", UPGRADE[5]]),
        ("no_upgrade", UPGRADE[:2]),
    ]:
        write("ws_handshake", *heads(name, lines))
    write("ws_handshake", "list", b'other, permessage-deflate; server_max_window_bits="9"; server_no_context_takeover')
    write("ws_handshake", "list_second", b"permessage-deflate; server_max_window_bits=8, permessage-deflate")

    for name, fields in [
        ("x", ["X-Forwarded-For: 10.0.0.1, [2001:db8::1]:80,192.0.2.1:9", "X-Forwarded-Proto: https",
               "X-Forwarded-Host: a, b:1"]),
        ("rfc", ['Forwarded: for=192.0.2.1;proto=https;host="a:8";by=_x, for="[2001:db8::1]:80"',
                 "Forwarded: for=unknown"]),
        ("quoted", ['Forwarded: by="a,b\\"c";for=10.0.0.1 ; proto=http']),
    ]:
        write("forwarded", *heads(name, ["GET / HTTP/1.1", "Host: h", *fields]))
    signature = b"\r\n\r\n\0\r\nQUIT\n"
    for name, data in [
        ("v1_4", b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\nGET /"),
        ("v1_6", b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 80\r\n"),
        ("v1_unknown", b"PROXY UNKNOWN a b c\r\n"),
        ("v2_4", signature + b"\x21\x11\0\x14\xc0\0\x02\x01\x0a\0\0\x01\x12\x67\0\x50" + b"\x20\0\x05\x01\0\0\0\0"),
        ("v2_6", signature + b"\x21\x21\0\x24" + bytes(36)),
        ("v2_local", signature + b"\x20\0\0\0"),
    ]:
        write("proxy_header", name, data)

    euro = "€".encode()
    for name, frames in [
        ("hello", [frame(1, b"Hello", mask=b"\x37\xfa\x21\x3d")]),
        ("fragments", [frame(1, b"Hel" + euro[:1], False), frame(9, b"ping"), frame(0, euro[1:] + b"lo")]),
        ("empty_fragments", [frame(2, b"", False), frame(0, b"", False), frame(0, b"")]),
        ("lengths", [frame(2, b"x" * 125), frame(2, b"x" * 126), frame(2, b"x" * 300)]),
        ("close", [frame(8, b"\x03\xe8bye"), frame(10, b"")]),
        ("compressed", [frame(1, pack(b"Hello, hello, hello"), compressed=True), frame(1, b"plain")]),
        ("compressed_fragments", [frame(1, pack(b"Hello" * 9)[:5], False, True), frame(0, pack(b"Hello" * 9)[5:])]),
        ("bomb", [frame(1, pack(b"x" * 100000), compressed=True)]),
        ("bad_text", [frame(1, b"abc\xff")]),
    ]:
        write("ws_frame", name, CUTS + b"".join(frames))
        write("ws_message", name, CUTS + b"".join(frames))

    stored = b"\x00\x05\x00\xfa\xffHello\x00"
    for name, stream in [
        ("hello", pack(b"Hello")),
        ("text", pack(b'{"type":"message","room":"lobby","text":"well, well, well"}' * 5)),
        ("stored", stored),
        ("last_block", b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
        ("two_blocks", pack(b"Hello") + b"\x00\x00\xff\xff" + pack(b"World")),
        ("small_window", pack(bytes(range(256)) * 6, 9)),
        ("bomb", pack(b"\0" * 200000)),
    ]:
        write("inflate", name, CUTS + b"\x0c" + stream)

    for name, text in [
        ("ascii", b"The quick brown fox jumps over the lazy dog, twice."),
        ("mixed", "Grüße, κόσμε, 日本語, 😀 and 32 more bytes of plain text".encode()),
        ("edges", "\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff".encode()),
        ("overlong", b"\xc0\xaf"),
        ("surrogate", b"abc\xed\xa0\x80"),
        ("cut", b"abcdefgh\xf0\x9f\x98"),
    ]:
        write("utf8", name, CUTS + text)

    for name, text in COMMANDS:
        write("command", name, text.encode())
    for name, steps in LIVES:
        write("conn", name, steps)
    for name, text in CONFIGS:
        write("config", name, text.encode())
    write("token", "signed", bytes(range(26)))
    write("token", "changed", bytes(range(26)) + b"\x40\x01")
    write("token", "text", b"AQABAgMEBQYHCAkKCwwNDg8AAAGVAAAAAAAAAZUAAAAAAAAAAAAAAAAAAAAAAAAA")
    for name, text in NAMES:
        write("name", name, text.encode())
    write("name", "broken", b"ada\xff\xed\xa0\x80")
    for name, text in doctor_seeds():
        write("doctor", name, text)


def doctor_seeds():
    """Deployments as doctor sees them: each connection is a byte that says how it answers, a length, and the answer."""
    report = (
        b'{"type":"report","server":"natter/1","at":5,"http":"1.1","method":"GET","path":"/ws","scheme":"https",'
        b'"peer":"loopback","client":"direct","behind":"nothing","origin":"allowed","fields":{"Host":"h"},'
        b'"upgrade":"right","limits":{"text_bytes":100,"frame_bytes":300,"heartbeat_ms":1000},"compression":true}'
    )

    def connection(how, data):
        return bytes([how]) + struct.pack(">H", len(data)) + data

    def answer(line, *fields, body=b""):
        return "\r\n".join([line, *fields, f"Content-Length: {len(body)}", "", ""]).encode() + body

    def message(payload, opcode=1):
        first = bytes([0x80 | opcode])
        length = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack(">H", len(payload))
        return first + length + payload

    hsts = "Strict-Transport-Security: max-age=86400"
    whole = [
        connection(0, b""),
        connection(0, answer("HTTP/1.1 200 OK", body=report)),
        connection(0, answer("HTTP/1.1 200 OK", "Server: nginx", hsts, body=b"<!doctype html>")),
    ]
    yield "plain", b"\0" + b"".join(whole)
    moved = connection(0, answer("HTTP/1.1 308 Permanent Redirect", "Location: https://127.0.0.1/chat/"))
    talk = connection(1, message(report) + b"".join(message(b'{"type":"pong","at":%d}' % at) for at in range(7)))
    packed = connection(1, message(report) + message(b'{"type":"got","bytes":20000}'))
    yield "secure", b"\1" + b"".join(whole) + moved + talk + packed
    got = connection(1, message(report) + message(b'{"type":"got","bytes":300}'))
    echo = connection(1, message(report) + message(bytes(300), 2))
    drops = connection(1, message(report) + b"".join(message(b'{"type":"drop","number":1}') for _ in range(8)))
    yield "talking", b"\0" + b"".join(whole) + talk + packed + got + echo + drops
    chunked = b"HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\nVia: 1.1 Caddy\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    yield "chunked", b"\0" + whole[0] + connection(2, chunked)
    odd = report.replace(b'"h"', b'"\\u001b[2J"').replace(b"allowed", b"refused").replace(b"1000", b"9" * 18)
    yield "odd", b"\0" + whole[0] + connection(4, answer("HTTP/1.0 200 OK", body=odd)) + whole[2] + talk


if __name__ == "__main__":
    main()
