// SPDX-License-Identifier: Apache-2.0
// docs/protocol.md, its schemas and its transcripts against a real server: what is written is what is sent.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Client, enter } from './lib/client.mjs';
import { assert, equal, fail, test, until } from './lib/harness.mjs';
import { Schemas } from './lib/schema.mjs';

const path = (name) => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
const schemas = new Schemas(path('protocol/schema'));
const page = () => readFileSync(path('protocol.md'), 'utf8');

function checkFrame(side, frame, where) {
    const faults = schemas.frameFaults(side, frame);
    if (faults.length > 0) fail(`${where}: ${JSON.stringify(frame).slice(0, 500)}: ${faults.join('; ')}`);
}

/** Keeps every frame of its clients, both ways. */
class Tap {
    constructor() {
        this.frames = { client: [], server: [] };
    }

    watch(client) {
        const send = client.send.bind(client);
        client.send = (frame) => {
            if (typeof frame === 'object') this.frames.client.push(frame);
            send(frame);
        };
        return client;
    }

    async open(server, options = {}) {
        const onFrame = (frame) => this.frames.server.push(frame);
        const client = this.watch(new Client(options.url ?? server.ws, { ...options, onFrame }));
        await client.opened();
        return client;
    }

    check() {
        for (const side of ['client', 'server']) {
            for (const frame of this.frames[side]) checkFrame(side, frame, `a frame of the ${side}`);
            const seen = [...new Set(this.frames[side].map((frame) => frame.type))].sort();
            equal(seen, schemas.types(side), `the types that the ${side} sent`);
        }
    }
}

async function useEveryCommand(ada, bob) {
    await ada.ask({ type: 'name', name: 'Ada' });
    await ada.ask({ type: 'join', room: 'Café', history: 20 });
    await ada.ask({ type: 'send', room: 'café', text: 'hello, everybody', key: 'a1' });
    await ada.ask({ type: 'send', room: 'café', text: 'hello, everybody', key: 'a1' });
    await ada.ask({ type: 'send', room: 'café', text: 'gone in a moment, @Bob', key: 'a2', reply_to: 1 });
    await ada.ask({ type: 'edit', room: 'café', seq: 2, text: 'gone very soon @ada', key: 'a3' });
    await ada.ask({ type: 'react', room: 'café', seq: 1, emoji: '👋', on: true, key: 'a4' });
    await ada.ask({ type: 'delete', room: 'café', seq: 2, key: 'a5' });
    bob.send('plain text from a walk-in');
    await ada.wait((frame) => frame.type === 'message' && frame.user.name === 'Bob', "bob's line");
    await ada.send({ type: 'typing', room: 'café' });
    await bob.wait('typing');
    await ada.ask({ type: 'read', room: 'café', seq: 6 });
    await ada.ask({ type: 'history', room: 'café', before: 7, limit: 5 });
    await ada.ask({ type: 'history', room: 'café', after: 0 });
    await ada.ask({ type: 'who', room: 'café' });
    await ada.ask({ type: 'digest', room: 'café', from: 1, to: 6 });
    await ada.ask({ type: 'rooms' });
    await ada.ask({ type: 'mine' });
    await ada.ask({ type: 'ping' });
    await ada.ask({ type: 'leave', room: 'café' });
    await ada.ask({ type: 'join', room: 'café', after: 3, epoch: 'another life' });
}

/** What one connection does is told to the other. */
async function useTwoDevices(server, tap, ada) {
    const { token } = ada.frames.find((frame) => frame.type === 'welcome');
    const phone = await tap.open(server, { headers: { Authorization: `Bearer ${token}` } });
    await phone.wait('welcome');
    await ada.ask({ type: 'join', room: 'café', history: 0 });
    await ada.ask({ type: 'read', room: 'café', seq: 7 });
    await phone.wait('unread');
    await ada.ask({ type: 'leave', room: 'café' });
    await phone.wait('left');
    const { user } = await phone.ask({ type: 'name', name: 'Ada' });
    const bob = await tap.open(server, { url: `${server.ws}?name=Bobby` });
    const { user: other } = await bob.wait('welcome');
    const { room } = await ada.ask({ type: 'direct', users: [other.id, user.id] });
    await ada.ask({ type: 'join', room });
    await ada.say(room, 'hello');
    await bob.wait('direct');
    await bob.ask({ type: 'mine' });
    await bob.close();
    await ada.ask({ type: 'join', room: 'café', history: 0 });
    await phone.close();
}

/** Errors of every sort that one client can cause; the commands themselves are not for the schema. */
async function useWrongCommands(server, tap) {
    const eve = await tap.open(server);
    const send = eve.send.bind(eve);
    eve.send = (frame) => send(JSON.stringify(frame));
    const code = async (command, expected) => equal((await eve.ask(command)).code, expected, JSON.stringify(command));
    await code({ type: 'nonsense' }, 'bad_request');
    await code({ type: 'join' }, 'bad_request');
    await code({ type: 'join', room: 'a b' }, 'bad_request');
    await code({ type: 'who', room: 'café' }, 'forbidden');
    await eve.ask({ type: 'join', room: 'café' });
    await code({ type: 'edit', room: 'café', seq: 1, text: 'mine now', key: 'e1' }, 'forbidden');
    await code({ type: 'edit', room: 'café', seq: 99, text: 'nobody', key: 'e2' }, 'not_found');
    await code({ type: 'name', name: 'ADA' }, 'conflict');
    await code({ type: 'send', room: 'café', text: 'x'.repeat(20000), key: 'e3' }, 'too_large');
    for (let i = 0; i < 40; i++) eve.send({ type: 'ping' });
    const refusal = await eve.wait((frame) => frame.code === 'rate_limited', 'too fast');
    assert(refusal.retry_after > 0, 'when to come back');
    await eve.close();
}

/** A reader that stops reading while its room talks more than its feed holds is told of the gap. */
async function meetGap(server, tap) {
    const slow = await tap.open(server);
    await slow.ask({ type: 'join', room: '~flood' });
    slow.socket.pause();
    const loud = await enter(server, '~flood');
    for (let i = 0; i < 40; i++) await loud.say('~flood', 'x'.repeat(256 * 1024));
    slow.socket.resume();
    const gap = await slow.wait('gap');
    await loud.say('~flood', 'the last one'); // after the gap was read: else the gap may take it in as well
    await slow.wait((frame) => frame.type === 'message' && frame.text === 'the last one', 'it goes on');
    const seen = slow.messages('~flood').map((frame) => frame.seq);
    for (let seq = 1; seq <= 41; seq++) {
        const isSkipped = slow.frames.some((frame) => frame.type === 'gap' && frame.from <= seq && seq <= frame.to);
        assert(isSkipped !== seen.includes(seq), `event ${seq} was either seen or named in a gap such as ${gap.from}`);
    }
    await slow.close();
    await loud.close();
}

test('schema: real traffic of every command fits', async (context) => {
    const server = await context.server();
    const tap = new Tap();
    const first = await tap.open(server);
    const { token } = await first.wait('welcome');
    await first.close();
    const bob = await tap.open(server, { url: `${server.ws}?room=caf%C3%A9&name=Bob`, protocol: null });
    await bob.wait('joined');
    const ada = await tap.open(server);
    equal((await ada.ask({ type: 'login', token })).type, 'welcome', 'login');
    await useEveryCommand(ada, bob);
    await useTwoDevices(server, tap, ada);
    await useWrongCommands(server, tap);
    const roomy = await context.server([
        ...['--limits', 'off', '--feed-max', '4KiB', '--connection-send-buffer', '4608'],
        ...['--chat-text-max', '1MiB', '--connection-message-max', '2MiB', '--connection-write-time', '1min'],
    ]);
    await meetGap(roomy, tap);
    const stopped = server.stop();
    await until(() => ada.closed && bob.closed, 'told to go');
    equal([ada.closed.code, bob.closed.code], [1001, 1001], 'close codes');
    await stopped;
    tap.check();
});

test('schema: a wrong frame fails', async () => {
    const user = { id: 'u', name: 'Ada' };
    const message = { type: 'message', room: 'lobby', seq: 1, at: 1, user, text: 'hi', key: 'k' };
    const send = { type: 'send', room: 'lobby', text: 'hi', key: 'k' };
    const right = [
        ['server', message],
        ['server', { ...message, text: '', deleted: true }],
        ['client', send],
        ['client', { ...send, unknown: 'is ignored' }],
        ['client', { type: 'history', room: '~x', after: 0 }],
    ];
    const wrong = [
        ['server', { ...message, unknown: 1 }, 'an unknown field'],
        ['server', { ...message, text: undefined }, 'a missing field'],
        ['server', { ...message, text: '' }, 'an empty text that nobody deleted'],
        ['server', { ...message, deleted: true }, 'a deleted one with its text'],
        ['server', { ...message, seq: 0 }, 'a seq below 1'],
        ['server', { ...message, seq: 1.5 }, 'a seq with a point'],
        ['server', { ...message, seq: '1' }, 'a seq in quotes'],
        ['server', { ...message, user: { ...user, mail: 'x' } }, 'an unknown field in a user'],
        ['server', { ...message, room: 'a b' }, 'a room with a space'],
        ['server', { type: 'history', room: 'lobby', events: [{ ...message, seq: -1 }], more: false }, 'in a list'],
        [
            'server',
            { type: 'history', room: 'lobby', events: [{ ...message, type: 'typing' }], more: false },
            'no event',
        ],
        ['server', { type: 'error', code: 'oops', message: 'x' }, 'an unknown code'],
        ['server', { type: 'ack', room: 'a', key: 'k', seq: 1, at: 1, duplicate: false }, 'duplicate that is false'],
        ['server', { type: 'digest', room: 'a', from: 1, to: 1, sha256: 'AB' }, 'a checksum of another form'],
        ['server', { type: 'ok' }, 'ok without a room or a user'],
        ['server', { type: 'send' }, "a client's type"],
        ['client', { ...send, key: '' }, 'an empty key'],
        ['client', { ...send, key: 'k'.repeat(65) }, 'a long key'],
        ['client', { type: 'react', room: 'a', seq: 1, emoji: 'x', on: 'yes', key: 'k' }, 'on that is a string'],
        ['client', { type: 'history', room: 'a', before: 1, after: 1 }, 'both ends'],
        ['client', { type: 'history', room: 'a' }, 'no end'],
        ['client', null, 'no object'],
    ];
    for (const [side, frame] of right) checkFrame(side, JSON.parse(JSON.stringify(frame)), 'a right frame');
    for (const [side, frame, what] of wrong) {
        const plain = JSON.parse(JSON.stringify(frame));
        assert(schemas.frameFaults(side, plain).length > 0, `${what} was not found`);
    }
});

test('schema: the server knows the commands that have one', async (context) => {
    const server = await context.server();
    const client = new Client(server.ws);
    await client.opened();
    const { message } = await client.ask({ type: 'nonsense' });
    const known = /use one of (.*)\.$/.exec(message)[1].split(', ').sort();
    equal(known, schemas.types('client'), 'commands');
    await client.close();
});

/** The `### type` section of one side's chapter. */
function section(side, type) {
    const chapter = new RegExp(`\\n## What the ${side} sends\\n([^]*?)(?=\\n## )`).exec(page())?.[1] ?? '';
    return new RegExp(`\\n### \`${type}\`[^\\n]*\\n([^]*?)(?=\\n### |$)`).exec(chapter)?.[1];
}

test('schema: the page has each frame, its fields and an example that fits', async () => {
    for (const side of ['client', 'server']) {
        for (const type of schemas.types(side)) {
            const text = section(side, type);
            assert(text, `docs/protocol.md does not tell what the ${side}'s ${type} is`);
            const { properties, required } = schemas.files.get(`${side}.${type}.json`);
            for (const name of Object.keys(properties)) {
                if (name === 'type' || name === 'ref') continue;
                const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
                assert(row, `${side} ${type} lacks a row for ${name}`);
                equal(/\| optional/.test(row), !required.includes(name), `${side} ${type}: "${name}" is optional`);
            }
            const examples = [...text.matchAll(/```json\n([^]*?)```/g)].map((match) => JSON.parse(match[1]));
            assert(examples.length > 0, `${side} ${type} has no example`);
            for (const example of examples) {
                equal(example.type, type, `the type in the example of ${type}`);
                checkFrame(side, example, `the example of ${type}`);
            }
        }
    }
});

test('schema: the transcripts fit', async () => {
    const names = readdirSync(path('protocol/transcripts')).filter((name) => name.endsWith('.txt'));
    assert(names.length >= 2, 'there are transcripts');
    for (const name of names) {
        let count = 0;
        for (const line of readFileSync(path(`protocol/transcripts/${name}`), 'utf8').split('\n')) {
            const [, arrow, frame] = /^[A-Za-z]+ ([<>]) (\{.*)$/.exec(line) ?? [];
            if (!frame) continue;
            checkFrame(arrow === '>' ? 'client' : 'server', JSON.parse(frame), name);
            count++;
        }
        assert(count > 5, `${name} has frames`);
    }
});
