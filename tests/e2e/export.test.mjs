// SPDX-License-Identifier: Apache-2.0
// A data folder as lines of JSON, and back: the same lines, and the same to clients.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { enter } from './lib/client.mjs';
import { assert, equal, test } from './lib/harness.mjs';
import { Server } from './lib/server.mjs';

async function inFolder(body) {
    const folder = mkdtempSync(join(tmpdir(), 'natter-export-'));
    try {
        await body(folder);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

/** One of every kind of line. */
async function talk(server) {
    const ada = await enter(server, 'Café', { url: `${server.ws}?name=Ada` });
    const bob = await enter(server, 'Café', { url: `${server.ws}?name=Bob` });
    for (let number = 1; number <= 30; number++) await ada.say('Café', `text ${number} \u2028 "q" 🎉`, `k${number}`);
    await ada.ask({ type: 'send', room: 'Café', text: 'to @Bob', key: 'mention' });
    await bob.ask({ type: 'send', room: 'Café', text: 'a reply', key: 'reply', reply_to: 3 });
    await ada.ask({ type: 'edit', room: 'Café', seq: 1, text: 'better', key: 'edit' });
    await ada.ask({ type: 'delete', room: 'Café', seq: 2, key: 'delete' });
    await bob.ask({ type: 'react', room: 'Café', seq: 3, emoji: '👍', on: true, key: 'react' });
    await bob.ask({ type: 'read', room: 'Café', seq: 20 });
    const direct = await ada.ask({ type: 'direct', users: [bob.welcome.user.id] });
    await ada.ask({ type: 'join', room: direct.room });
    await ada.say(direct.room, 'between us');
    await Promise.all([ada.close(), bob.close()]);
    return { bob, direct };
}

test('what is exported, imported and exported again is the same to the byte, also to clients', async (context) => {
    await inFolder(async (folder) => {
        const server = await context.server(['--limits', 'off', '--store-durability', 'process']);
        const { bob } = await talk(server);
        const lines = await server.verb('export', '-', '--data', server.data);
        const data = join(folder, 'data');
        writeFileSync(join(folder, 'a.jsonl'), lines);
        await server.verb('import', join(folder, 'a.jsonl'), '--data', data);
        equal(await server.verb('export', '-', '--data', data, '--quiet'), lines, 'the same lines');
        assert((await server.verb('verify', data)).includes('complete, in order'), 'sound');
        await server.verb('export', join(folder, 'b.jsonl'), '--data', data, '--room', 'CAFÉ');
        const one = readFileSync(join(folder, 'b.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
        equal(one.filter(({ type }) => type === 'room').map(({ room }) => room), ['Café'], 'one room only');
        writeFileSync(join(data, 'secret'), readFileSync(join(server.data, 'secret')), { mode: 0o600 });
        const other = new Server(server.binary, [], data);
        try {
            await other.start();
            const headers = { Authorization: `Bearer ${bob.welcome.token}` };
            const back = await enter(other, 'café', { headers, join: { history: 3 } });
            equal([back.joined.seq, back.welcome.user.name], [35, 'Bob'], 'the room, and who came back');
            const { rooms } = await back.ask({ type: 'mine' });
            const cafe = rooms.find(({ room }) => room === 'Café');
            equal([cafe.read, cafe.mentions], [20, 1], 'what waits');
            equal((await back.say('Café', 'again', 'reply')).duplicate, true, 'keys are known');
            await back.close();
            await other.stop();
        } finally {
            other.cleanUp();
        }
    });
}, { seconds: 120 });

const HEAD = '{"type":"export","format":1}';
const ROOM = '{"type":"room","room":"a","first":1,"made":1}';
const END = '{"type":"end","users":0,"rooms":1,"events":1,"reads":0,"joined":0}';
const message = (seq, more = '') =>
    `{"type":"message","room":"a","seq":${seq},"at":5,"user":{"id":"u","name":"N"},"text":"x","key":"k${seq}"${more}}`;

test('bad lines are named by their number, and nothing of the file is taken', async (context) => {
    await inFolder(async (folder) => {
        const server = await context.server();
        const data = join(folder, 'data');
        const read = (lines) => new Promise((resolve) => {
            const child = execFile(server.binary, ['import', '-', '--data', data], (error, _, text) =>
                resolve([error?.code ?? 0, text]));
            child.stdin.end(lines.join('\n') + '\n');
        });
        const cases = [
            [[HEAD, ROOM, message(1), 'oops', message(2), 'more', END], /line 4: .*JSON[^]*line 6: /],
            [[HEAD, ROOM, message(1), message(3), END], /line 4: seq is 3 and should be 2/],
            [[HEAD, ROOM, message(1)], /line 4: .*cut off/],
            [[HEAD, ROOM, message(1), message(2).replace('k2', 'k1'), END.replace('ts":1', 'ts":2')], /key twice/],
            [[ROOM, message(1), END], /line 1: the first line must be/],
            [[HEAD, ROOM, message(1), message(2, ',"reply_to":7'), END], /line 4: .*come before/],
            [[HEAD, ROOM, END], /line 3: lines are missing/],
            [[HEAD, ROOM, message(1), END, message(2)], /line 5: .*behind the line of type/],
            [[HEAD, ROOM.replace('"a"', '"~a"'), END], /line 2: this is no name/],
        ];
        for (const [lines, says] of cases) {
            const [status, text] = await read(lines);
            equal([status, says.test(text)], [3, true], text);
            assert((await server.verb('verify', data)).startsWith('0 rooms, 0 events'), 'nothing was taken');
        }
        equal((await read([HEAD, ROOM, message(1), END]))[0], 0, 'the right lines');
        const [status, text] = await read([HEAD, ROOM, message(1), END]);
        equal([status, text.includes('there is a room of that name already')], [3, true], 'not twice');
        assert((await server.verb('verify', data)).startsWith('1 room, 1 event'), 'and what was there is there');
    });
});

test('migrate says what it would do, and proves what it did', async (context) => {
    await inFolder(async (folder) => {
        const server = await context.server();
        const ada = await enter(server, 'lobby');
        await ada.say('lobby', 'hello');
        await ada.close();
        const plan = await server.verb('migrate', '--data', server.data, '--dry-run');
        assert(/^The tables are of version \d+, the newest/.test(plan), plan);
        const refused = await server.verb('migrate', '--data', server.data).catch((error) => error);
        equal(refused.code, 1, 'not under a running server');
        await server.stop();
        const file = join(folder, 'before.natter');
        const done = await server.verb('migrate', '--data', server.data, '--backup', file);
        assert(done.includes('1 room, 1 event, proved'), done);
        assert((await server.verb('verify', file)).startsWith('1 room, 1 event'), 'and there is a backup');
        await server.start();
    });
});
