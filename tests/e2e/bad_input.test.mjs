// SPDX-License-Identifier: Apache-2.0
// P6: any bytes get an answer or the right close code, and a normal client beside them notices nothing.
import net from 'node:net';
import { randomBytes } from 'node:crypto';
import { assert, equal, test, until } from './lib/harness.mjs';
import { Client, enter } from './lib/client.mjs';

/** Sends raw bytes and collects what comes until the server ends the connection. */
function raw(server, parts, { pause = 0 } = {}) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(server.port, '127.0.0.1');
        const received = [];
        socket.on('data', (data) => received.push(data));
        socket.on('error', () => {});
        socket.on('close', () => resolve(Buffer.concat(received)));
        socket.setTimeout(30000, () => reject(new Error('the server kept the connection')));
        socket.on('connect', async () => {
            for (const part of parts) {
                if (socket.destroyed) return;
                socket.write(part);
                if (pause) await new Promise((next) => setTimeout(next, pause));
            }
        });
    });
}

const UPGRADE = [
  'GET /ws HTTP/1.1',
  'Host: x',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: natter.v1',
  '\r\n',
].join('\r\n');

function frame(first, payload, { mask = true, size = payload.length } = {}) {
    const header = [first];
    if (size < 126) header.push(size | (mask ? 0x80 : 0));
    else if (size < 65536) header.push(126 | (mask ? 0x80 : 0), size >> 8, size & 255);
    else
        header.push(
            127 | (mask ? 0x80 : 0),
            0,
            0,
            0,
            0,
            (size >>> 24) & 255,
            (size >> 16) & 255,
            (size >> 8) & 255,
            size & 255,
        );
    return Buffer.concat([Buffer.from(header), mask ? Buffer.alloc(4) : Buffer.alloc(0), payload]);
}

function closeCode(bytes) {
    let at = bytes.indexOf('\r\n\r\n') + 4;
    while (at < bytes.length) {
        let size = bytes[at + 1] & 127;
        let header = 2;
        if (size === 126) [size, header] = [bytes.readUInt16BE(at + 2), 4];
        if ((bytes[at] & 15) === 8) return size >= 2 ? bytes.readUInt16BE(at + header) : 1005;
        at += header + size;
    }
    return null;
}

test('garbage instead of a request gets 400', async (context) => {
    const server = await context.server();
    for (const bytes of [
        Buffer.from('\x16\x03\x01\x02\x00 garbage\r\n\r\n'),
        Buffer.concat([randomBytes(300), Buffer.from('\r\n\r\n')]),
        Buffer.from('GET\r\n\r\n'),
    ])
        assert(/^HTTP\/1\.1 (400|501|505|431|414)/.test((await raw(server, [bytes])).toString('latin1')), 'a 4xx');
    const head = (await raw(server, [`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(40000)}\r\n\r\n`])).toString(
        'latin1',
    );
    assert(head.startsWith('HTTP/1.1 431'), `431, not ${head.slice(0, 40)}`);
});

test('bad upgrades name the header at fault', async (context) => {
    const server = await context.server();
    const cases = [
        ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n', '', 400, /Sec-WebSocket-Key/],
        ['dGhlIHNhbXBsZSBub25jZQ==', 'short', 400, /Sec-WebSocket-Key/],
        ['Version: 13', 'Version: 12', 426, /13/],
        ['Connection: Upgrade', 'Connection: keep-alive', 400, /Connection/],
        ['GET /ws', 'POST /ws', 400, /GET/],
    ];
    for (const [from, to, status, text] of cases) {
        const answer = (await raw(server, [UPGRADE.replace(from, to)])).toString('latin1');
        assert(answer.startsWith(`HTTP/1.1 ${status}`) && text.test(answer), `${to}: ${answer.slice(0, 300)}`);
    }
});

test('broken frames get their close code', async (context) => {
    const server = await context.server();
    const utf8 = Buffer.from('{"type":"ping","x":"\xff"}', 'latin1');
    const cases = [
        ['unmasked', [frame(0x81, Buffer.from('{}'), { mask: false })], 1002],
        ['reserved opcode', [frame(0x83, Buffer.alloc(0))], 1002],
        ['reserved bit', [frame(0xa1, Buffer.alloc(0))], 1002],
        ['RSV1 without an agreement', [frame(0xc1, Buffer.alloc(0))], 1002],
        ['long ping', [frame(0x89, Buffer.alloc(126))], 1002],
        ['fragmented close', [frame(0x08, Buffer.alloc(0))], 1002],
        ['bad UTF-8', [frame(0x81, utf8)], 1007],
        [
            'UTF-8 cut by a fragment',
            [frame(0x01, Buffer.from([0x22, 0xe2])), frame(0x80, Buffer.from([0x28, 0xa1]))],
            1007,
        ],
        ['announced a gigabyte', [frame(0x81, Buffer.alloc(10), { size: 1 << 30 })], 1009],
        [
            'fragments that never end',
            Array.from({ length: 5000 }, (_, i) => frame(i ? 0x00 : 0x01, Buffer.from('x'))),
            1008,
        ],
        [
            'a fragment after another size',
            Array.from({ length: 100 }, (_, i) => frame(i ? 0x00 : 0x01, Buffer.alloc(4096, 'x'))),
            1009,
        ],
        ['a close code that is not for the wire', [frame(0x88, Buffer.from([0x03, 0xee]))], 1002],
    ];
    for (const [name, frames, code] of cases) {
        const bytes = await raw(server, [UPGRADE, Buffer.concat(frames)]);
        equal(closeCode(bytes), code, name);
    }
});

test('JSON of every nasty kind is an error, not an end', async (context) => {
    const server = await context.server(['--limits', 'off']);
    const client = await enter(server, 'lobby');
    const cases = [
        'not json',
        '[]',
        '"text"',
        '42',
        'null',
        '{',
        '{"type":"ping"',
        '{"type":"ping"} {"type":"ping"}',
        '{}',
        '{"type":7}',
        '{"type":"nonsense"}',
        '{"type":"ping","type":"ping"}',
        `{"type":"ping","x":${'['.repeat(5000)}${']'.repeat(5000)}}`,
        '{"type":"send","room":"lobby","text":"\\ud800","key":"k"}',
        '{"type":"send","room":"lobby","text":"a\\u0000b","key":"k"}',
        '{"type":"send","room":"lobby","text":7,"key":"k"}',
        '{"type":"send","room":"lobby","key":"k"}',
        '{"type":"send","room":"lobby","text":"x","key":""}',
        `{"type":"send","room":"lobby","text":"x","key":"${'k'.repeat(65)}"}`,
        '{"type":"history","room":"lobby","before":-1}',
        '{"type":"history","room":"lobby","before":1.5}',
        '{"type":"history","room":"lobby","before":99999999999999999999}',
        '{"type":"join","room":""}',
        '{"type":"join","room":"a b"}',
        '{"type":"join","room":"../etc"}',
        '{"type":"join","room":"\u202e"}',
        `{"type":"join","room":"${'x'.repeat(65)}"}`,
        '{"type":"join","room":"~"}',
        `{"type":"ping","ref":"${'r'.repeat(65)}"}`,
        '{"type":"ping","ref":7}',
    ];
    for (const text of cases) {
        const before = client.frames.length;
        client.send(text);
        await until(() => client.frames.length > before || client.closed, `an answer to ${text.slice(0, 60)}`);
        assert(!client.closed, `still open after ${text.slice(0, 60)}`);
        const answer = client.frames.slice(before).find((frame) => frame.type === 'error');
        assert(
            answer?.code === 'bad_request' && answer.message.length > 10,
            `${text.slice(0, 60)}: ${JSON.stringify(client.frames.slice(before))}`,
        );
    }
    const before = client.frames.length;
    client.send(`{"type":"send","room":"lobby","key":"k","text":"${'x'.repeat(20000)}"}`);
    await until(() => client.frames.length > before, 'too large');
    equal(client.frames.at(-1).code, 'too_large', 'text');
    client.socket.send(Buffer.from([1, 2, 3]));
    equal((await client.wait((f) => f.type === 'error' && /[Bb]inary/.test(f.message))).code, 'bad_request', 'binary');
    equal((await client.say('lobby', 'still fine')).type, 'ack', 'the connection goes on');
    await client.close();
});

test('heads and bodies that trickle in end by deadline, beside a client that goes on', async (context) => {
    const server = await context.server(['--connection-request-time', '1s']);
    const client = await enter(server, 'lobby');
    const drips = Array.from({ length: 50 }, () =>
        raw(server, Array.from('GET / HTTP/1.1\r\nHost: trickle.example\r\nX: y'), { pause: 60 }),
    );
    const body = raw(server, ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n', ...'slowly'], {
        pause: 300,
    });
    for (let i = 0; i < 10; i++) equal((await client.say('lobby', `m${i}`)).type, 'ack', 'service goes on');
    for (const answer of await Promise.all(drips))
        assert(/^HTTP\/1\.1 408/.test(answer.toString('latin1')), `408, not ${answer}`);
    assert(/^HTTP\/1\.1 408/.test((await body).toString('latin1')), 'body');
    await client.close();
});

test('random bytes never crash the server', async (context) => {
    const server = await context.server(['--limits', 'off']);
    const client = await enter(server, 'lobby');
    for (let i = 0; i < 60; i++) {
        const noise = randomBytes(1 + Math.floor(Math.random() * 3000));
        const isBefore = i % 2 === 0;
        const socket = net.connect(server.port, '127.0.0.1');
        socket.on('error', () => {});
        socket.on('data', () => {});
        await new Promise((resolve) => socket.on('connect', resolve));
        socket.write(isBefore ? noise : Buffer.concat([Buffer.from(UPGRADE), noise]));
        await client.ask({ type: 'ping' });
        socket.destroy();
    }
    equal((await client.say('lobby', 'alive')).type, 'ack', 'alive');
    await client.close();
});

test('a compression bomb is stopped at the message limit', async (context) => {
    const server = await context.server();
    const bomb = new Client(server.ws, { deflate: { threshold: 0 } });
    await bomb.opened();
    await bomb.wait('welcome');
    bomb.socket.send(' '.repeat(30000000), { compress: true });
    await until(() => bomb.closed, 'closed');
    equal(bomb.closed.code, 1009, 'code');
});
