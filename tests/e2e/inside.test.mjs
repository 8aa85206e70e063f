// SPDX-License-Identifier: Apache-2.0
// What goes on inside, over /api/v1: who may ask, what is seen of a connection's life and of its end, and the ends that
// the operator brings about.
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, enter } from './lib/client.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';
import { get } from './lib/server.mjs';

const word = 'the-word-of-the-operator';

async function ask(server, path, options = {}) {
    const answer = await get(`http://127.0.0.1:${server.opsPort}/api/v1/${path}`, options);
    return { status: answer.status, ...JSON.parse(answer.body) };
}

function wordFile(context, text = word) {
    const folder = mkdtempSync(join(tmpdir(), 'natter-e2e-'));
    context.onEnd(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'word');
    writeFileSync(file, `${text}\n`, { mode: 0o600 });
    return file;
}

test('inside: a connection is seen with its user, its rooms and its life', async (context) => {
    const server = await context.server(['--shards', '2']);
    const agent = { 'User-Agent': 'tester/1.0' };
    const ada = await enter(server, 'garden', { headers: agent });
    await ada.ask({ type: 'name', name: 'Ada' });
    await ada.say('garden', 'hello');
    const bob = await enter(server, 'lobby', { join: { after: 0 } });
    const all = await ask(server, 'connections');
    equal([all.looked, all.found, all.is_whole, all.connections.length], [2, 2, true, 2], 'all');
    const [found] = (await ask(server, 'connections?user=ada')).connections;
    equal(found.id, ada.welcome.connection, 'the id is that of the welcome');
    const user = { id: ada.welcome.user.id, name: 'Ada' };
    equal([found.state, found.user, found.agent], ['open', user, 'tester/1.0'], 'who');
    equal([found.rooms, found.joins, found.way, found.tls], [['garden'], 1, 'direct', false], 'where');
    assert(found.messages_in === 3 && found.messages_out >= 4 && found.bytes_in > 0 && found.rtt_ms >= 0, 'traffic');
    assert(found.deadline.what === 'heartbeat' && found.deadline.in_ms > 0, 'deadline');
    const one = await ask(server, `connections/${bob.welcome.connection}`);
    equal(
        one.life.map(({ what }) => what).sort(),
        ['accepted', 'heard', 'joined', 'resumed', 'upgraded'],
        'the stations of its life',
    );
    assert(one.life.every(({ at }) => Math.abs(at - Date.now()) < 600000), 'times');
    for (const [query, ids] of [
        ['room=garden', [ada.welcome.connection]],
        ['agent=TESTER', [ada.welcome.connection]],
        ['state=closing', []],
        ['any=lobby', [bob.welcome.connection]],
        ['address=127.0.0.1&sort=age&order=falling', [ada.welcome.connection, bob.welcome.connection]],
        ['sort=age&order=rising&limit=1', [bob.welcome.connection]],
        ['sort=age&order=rising&limit=1&page=1', [ada.welcome.connection]],
    ]) {
        const { connections } = await ask(server, `connections?${query}`);
        equal(connections.map(({ id }) => id), ids, query);
    }
    for (const query of ['connections?sort=beauty', 'connections?stat=open', 'connections?limit=501', 'connections/x'])
        equal((await ask(server, query)).status, 400, query);
    equal((await ask(server, 'connections/0-7fff00000000')).status, 404, 'nobody');
    await Promise.all([ada.close(), bob.close()]);
});

test('inside: rooms, loops, commits and the overview agree with what happened', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'garden');
    for (let i = 0; i < 5; i++) await ada.say('garden', `line ${i}`);
    const bob = await enter(server, 'lobby');
    const { rooms, found } = await ask(server, 'rooms');
    const [first] = rooms;
    equal([found, first.room, first.seq, first.members, first.connections], [2, 'garden', 5, 1, 1], 'rooms');
    assert(rooms[0].events_per_s > 0 && rooms[1].events_per_s === 0, 'traffic');
    equal((await ask(server, 'rooms?room=lob&sort=seq')).rooms.map(({ room }) => room), ['lobby'], 'filter');
    const overview = await ask(server, 'overview');
    equal([overview.connections.open, overview.users, overview.rooms, overview.ready], [2, 2, 2, true], 'overview');
    equal([overview.commits.events, overview.commits.healthy], [5, true], 'commits');
    const commits = await ask(server, 'commits');
    assert(commits.count >= 5 && commits.times.length === 5 && commits.times[0].commit_ms > 0, 'times of commits');
    const { loops } = await ask(server, 'loops');
    equal(loops.at(-1).loop, 'store', 'loops');
    assert(loops.every((loop) => loop.turns > 0 && loop.worst.ms >= 0 && loop.worst.phases_ms), 'turns');
    await Promise.all([ada.close(), bob.close()]);
});

test('inside: an end is told from both halves', async (context) => {
    const server = await context.server(['--shards', '2']);
    const first = await enter(server, 'garden');
    first.socket.terminate();
    await until(async () => (await ask(server, 'ended')).found === 1, 'the end is remembered');
    const second = await new Client(server.ws).opened();
    const last = { connection: first.welcome.connection, code: 1006, ago: 1500, saw: ['offline', 'probe'] };
    await second.ask({ type: 'ping', last });
    const elsewhere = { connection: '0-777', code: 1001, reason: 'going away', ago: 10, saw: ['bye'] };
    await second.ask({ type: 'ping', last: elsewhere });
    equal((await second.ask({ type: 'ping', last: { code: 'x' } })).code, 'bad_request', 'a wrong one');
    const { ended, told_only: toldOnly } = await ask(server, 'ended');
    equal([ended[0].id, ended[0].reason, ended[0].code_received], [last.connection, ended[0].reason, 0], 'our half');
    assert(['peer_gone', 'peer_reset'].includes(ended[0].reason), ended[0].reason);
    equal([ended[0].client.code, ended[0].client.saw], [1006, ['offline', 'probe']], 'its half');
    equal(toldOnly.map(({ connection, reason }) => [connection, reason]), [['0-777', 'going away']], 'only told');
    equal((await ask(server, 'ended?reason=slow')).found, 0, 'filter');
    const metrics = await server.metrics();
    equal(metrics.get('natter_last_told_total'), 2, 'told');
    equal(metrics.get('natter_last_saw_total{sign="probe"}'), 1, 'seen');
    await second.close();
});

test('inside: the operator ends a connection, and all of a user, with words', async (context) => {
    const server = await context.server(['--shards', '2']);
    const ada = await enter(server, 'garden');
    const token = ada.welcome.token;
    const again = await new Client(server.ws, { headers: { Authorization: `Bearer ${token}` } }).opened();
    await again.wait('welcome');
    const bob = await enter(server, 'garden');
    const path = `connections/${bob.welcome.connection}`;
    equal((await ask(server, `${path}?reason=too%20loud`, { method: 'DELETE' })).ended, 1, 'one');
    const frame = await bob.wait('error');
    equal([frame.code, frame.message], ['forbidden', 'too loud'], 'told');
    await until(() => bob.closed, 'closed');
    equal(bob.closed, { code: 4003, reason: 'too loud' }, 'the Close');
    await until(async () => (await ask(server, path)).status === 404, 'gone');
    equal((await ask(server, path, { method: 'DELETE' })).status, 404, 'a second time');
    equal((await ask(server, `users/${ada.welcome.user.id}`, { method: 'DELETE' })).ended, 2, 'all of a user');
    await until(() => ada.closed && again.closed, 'both are closed');
    equal([ada.closed.code, again.closed.code], [4003, 4003], 'both');
    equal((await ask(server, `users/${ada.welcome.user.id}`, { method: 'DELETE' })).status, 404, 'nobody is left');
    equal((await ask(server, 'ended?reason=removed')).found, 3, 'remembered');
    equal((await ask(server, 'overview', { method: 'DELETE' })).status, 405, 'nothing else can be deleted');
});

test('inside: strangers, proxied ones and pages of others are turned away; the word lets in', async (context) => {
    const server = await context.server(['--api-token-file', wordFile(context)]);
    const at = (headers) => ask(server, 'overview', { headers });
    equal((await at({})).status, 200, 'from here');
    for (const headers of [
        { 'X-Forwarded-For': '127.0.0.1' },
        { Forwarded: 'for=127.0.0.1' },
        { Via: '1.1 somebody' },
        { Origin: 'http://127.0.0.1:1' },
        { Host: 'rebound.example.org' },
    ])
        equal((await at(headers)).status, 403, JSON.stringify(headers));
    const right = { Authorization: `Bearer ${word}` };
    equal((await at({ ...right, 'X-Forwarded-For': '192.0.2.1' })).status, 200, 'with the word');
    equal((await at({ Authorization: 'Bearer wrong-wrong-wrong' })).status, 401, 'a wrong word');
    const public_ = await get(`${server.url}/api/v1/overview`);
    equal(public_.status, 404, 'nothing of it is public');
});

test('inside: a word that others can read is refused, and said', async (context) => {
    const file = wordFile(context);
    chmodSync(file, 0o644);
    const server = await context.server(['--api-token-file', file]);
    assert(server.lines.some((line) => line.includes('ops.no_token') && line.includes('others')), server.log());
    equal((await ask(server, 'overview', { headers: { Authorization: `Bearer ${word}` } })).status, 401, 'no word');
});

test("inside: the operator's listener can be a unix socket", async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'natter-e2e-'));
    context.onEnd(() => rmSync(folder, { recursive: true, force: true }));
    const socket = join(folder, 'ops.sock');
    const server = await context.server(['--metrics-listen', `unix:${socket}`]);
    const status = await new Promise((resolve, reject) =>
        http
            .get({ socketPath: socket, path: '/api/v1/overview', agent: false }, (response) => {
                response.resume();
                response.on('end', () => resolve(response.statusCode));
            })
            .on('error', reject),
    );
    equal(status, 200, 'overview');
    equal((await server.stop()).code, 0, 'status');
    assert(!existsSync(socket), 'the file is gone');
});
