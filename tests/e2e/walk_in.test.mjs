// SPDX-License-Identifier: Apache-2.0
// Walk-ins: a bare WebSocket with plain text is a working chat client.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { assert, equal, test, until } from './lib/harness.mjs';
import { Client, enter } from './lib/client.mjs';

const run = promisify(execFile);

test('plain text from a bare socket speaks in the lobby', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    const walkIn = new Client(server.ws, { protocol: null });
    await walkIn.opened();
    walkIn.send('hello'); // before anything has been answered
    const welcome = await walkIn.wait(() => true, 'the first frame');
    const joined = await walkIn.wait(() => true, 'the second frame');
    equal([welcome.type, joined.type, joined.room], ['welcome', 'joined', 'lobby'], 'welcome, then joined');
    const own = await walkIn.wait('message');
    equal([own.text, own.user.id], ['hello', welcome.user.id], 'its own message');
    equal((await ada.wait('message')).text, 'hello', "ada's view");
    assert(!walkIn.frames.some((frame) => frame.type === 'ack'), 'no ack for plain text');
    walkIn.send('{"type":"who","room":"lobby","ref":"w"}');
    equal((await walkIn.wait('members')).count, 2, 'commands work too');
    walkIn.socket.send(Buffer.from('binary'));
    equal((await walkIn.wait('error')).code, 'bad_request', 'binary');
    walkIn.send('still here');
    await walkIn.wait((frame) => frame.text === 'still here', 'it goes on');
    await walkIn.close();
    await ada.close();
});

test('room, name, history and after ride in the address', async (context) => {
    const server = await context.server();
    const first = new Client(`${server.ws}?room=caf%C3%A9&name=Grace+Hopper`, { protocol: null });
    await first.opened();
    equal((await first.wait('welcome')).user.name, 'Grace Hopper', 'name');
    equal((await first.wait('joined')).room, 'café', 'room');
    for (const text of ['one', 'two', 'three']) first.send(text);
    await until(() => first.messages('café').length === 3, 'three messages');
    const last = new Client(`${server.ws}?room=CAFÉ&history=2`, { protocol: null });
    await last.opened();
    equal(
        (await last.wait('joined')).events.map((event) => event.text),
        ['two', 'three'],
        'history',
    );
    const resumed = new Client(`${server.ws}?room=cafe%CC%81&after=1`, { protocol: null });
    await resumed.opened();
    equal(
        (await resumed.wait('joined')).events.map((event) => event.seq),
        [2, 3],
        'after',
    );
    const twin = new Client(`${server.ws}?name=grace%20hopper`, { protocol: null });
    await twin.opened();
    assert((await twin.wait('welcome')).user.name !== 'grace hopper', 'a name in use is not given');
    await twin.wait('joined');
    equal((await twin.wait('error')).code, 'conflict', 'and it is said why');
    const named = new Client(`${server.ws}?name=Grace-Hopper`);
  await named.opened();
  await named.wait('welcome');
  equal((await named.wait('error')).code, 'conflict', 'with natter.v1 too');
  await named.close();
  const bad = new Client(`${server.ws}?room=a/b`, { protocol: null });
    await bad.opened();
    await bad.wait('welcome');
    equal((await bad.wait('error')).code, 'bad_request', 'a bad room');
    for (const client of [first, last, resumed, twin, bad]) await client.close();
});

test("Python's websockets chats as a walk-in and with natter.v1", async (context) => {
    const server = await context.server();
    const script = fileURLToPath(new URL('./python_client.py', import.meta.url));
    const { stdout } = await run('/usr/bin/python3', [script, server.ws]);
    equal(stdout.trim(), 'all fine', 'what it says');
});

test('curl sees the headers of the upgrade', async (context) => {
    const server = await context.server();
    const fields = [
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const words = [
        '-s',
        '-i',
        '-N',
        '--http1.1',
        '--max-time',
        '1',
        '-o',
        '-',
        ...fields.flatMap((field) => ['-H', field]),
        `${server.url}/ws`,
    ];
    const { stdout } = await run('curl', words, { encoding: 'latin1' }).catch((error) => error);
    assert(stdout.startsWith('HTTP/1.1 101 Switching Protocols\r\n'), stdout.slice(0, 100));
    assert(
        /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i.test(stdout),
        'the accept value of RFC 6455 section 1.3',
    );
    assert(/\r\nSet-Cookie: natter=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax\r\n/.test(stdout), 'cookie');
});
