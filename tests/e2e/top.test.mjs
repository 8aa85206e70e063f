// SPDX-License-Identifier: Apache-2.0
// `natter top` on a terminal: whole screens as kept in golden/ (from a server that always says the same), and what keys
// do to a real one. GOLDEN=write keeps new ones.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { enter } from './lib/client.mjs';
import { assert, equal, fail, test, until } from './lib/harness.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Plays steps on a terminal; the screens that were kept, and the status. */
function play(context, command, steps, size = '80x24') {
    const folder = mkdtempSync(join(tmpdir(), 'natter-e2e-'));
    context.onEnd(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'steps.json');
    writeFileSync(file, JSON.stringify(steps));
    return new Promise((resolve, reject) => {
        const child = spawn('python3', [here('terminal.py'), '--size', size, '--steps', file, '--', ...command]);
        let out = '';
        let err = '';
        child.stdout.on('data', (text) => (out += text));
        child.stderr.on('data', (text) => (err += text));
        child.on('exit', (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(err))));
    });
}

const connection = (id, more) => ({
    id, shard: 0, state: 'open', user: { id: 'u'.repeat(26), name: 'Ada' }, address: '192.0.2.7:5000', way: 'direct',
    proxy: null, tls: true, compression: true, agent: 'curl/8', age_ms: 3600000, open_ms: 3599990, idle_ms: 1200,
    room_count: 1, rooms: ['lobby'], bytes_in: 12345, bytes_out: 6789000, rtt_ms: 12.5, resends: 0, ping_ms: 13,
    messages_in: 12, messages_out: 3456, lag_events: 0, laps: 0, lapped_events: 0, joins: 1, resumes: 0,
    outbox_bytes: 0, unsent_bytes: 0, answers_pending: 0, reading_paused: false, blocked_ms: 0,
    deadline: { what: 'heartbeat', in_ms: 23800 }, ...more,
});
const at = 1800000000000;
const slow = {
    user: { id: 'v'.repeat(26), name: '漢字 Zoë\u001b[2J' }, blocked_ms: 2100, unsent_bytes: 65536, lag_events: 420,
    laps: 2, lapped_events: 99, rooms: ['garden', 'lobby'], room_count: 2,
    life: ['accepted', 'upgraded', 'joined', 'lapped'].map((what, i) => ({ what, at: at + i * i * 5 })),
};
const said = {
    overview: {
        version: '1.2.3', at, uptime_ms: 200000000, ready: true, memory_bytes: 13705216, cpu_ms: 1000, descriptors: 42,
        shards: 2, connections: { proxy: 0, tls: 1, request: 2, http: 0, open: 118, closing: 1 }, accepted: 900,
        messages_in: 1, deliveries: 2, bytes_out: 3, laps: 2, users: 97, rooms: 12, slow_turns: 3,
        commits: { count: 5, p50_ms: 0.35, p99_ms: 5.998, max_ms: 12.3, waiting: 0, healthy: true },
    },
    connections: { found: 2, connections: [connection('0-1000000a3', slow), connection('1-100000001')] },
    rooms: {
        found: 2,
        rooms: [
            { room: 'garden', seq: 123456, events_per_s: 12.34, members: 90, connections: 97, behind: 1,
                lag_events: 420, feed_bytes: 102400 },
            { room: 'lobby', seq: 7, events_per_s: 0, members: 3, connections: 3, behind: 0, lag_events: 0,
                feed_bytes: 0 },
        ],
    },
    ended: {
        found: 2,
        ended: [
            { id: '0-100000099', at: at - 5000, reason: 'peer_gone', code_sent: 0, code_received: 0, open_ms: 65000,
                idle_ms: 60000, error: '', address: '192.0.2.9', client: { code: 1006, saw: ['offline', 'online'] } },
            { id: '0-100000098', at: at - 900000, reason: 'slow', code_sent: 4108, code_received: 0, open_ms: 9000,
                idle_ms: 5000, error: 'ECONNRESET', address: '192.0.2.8', client: null },
        ],
    },
    loops: {
        loops: [
            { loop: 'shard-0', turns: 123456, p50_ms: 0.02, p99_ms: 0.9, max_ms: 11.2, slow: 3, waiting: 0,
                worst: { phases_ms: { read: 1.2, flush: 9.9 } } },
            { loop: 'store', turns: 45000, p50_ms: 0.4, p99_ms: 6.1, max_ms: 12.5, slow: 0, waiting: 2,
                worst: { phases_ms: { commit: 12.3 } } },
        ],
    },
};

/** Always says the same, but of one connection what the list says of it. */
async function sameServer(context) {
    const server = http.createServer((request, response) => {
        const [, , , name, id] = request.url.split('?')[0].split('/');
        const document = id ? said.connections.connections.find((one) => one.id === id) : said[name];
        const text = JSON.stringify(document ?? { error: 'no' });
        response.writeHead(document ? 200 : 404, { 'Content-Length': Buffer.byteLength(text) });
        response.end(text);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.onEnd(() => server.close());
    return `127.0.0.1:${server.address().port}`;
}

function expectGolden(name, text) {
    const file = here(`golden/${name}.txt`);
    if (process.env.GOLDEN === 'write') writeFileSync(file, `${text}\n`);
    const wanted = readFileSync(file, 'utf8').trimEnd();
    if (text.trimEnd() !== wanted) fail(`${name} is not as kept:\n${text}\n--- kept:\n${wanted}`);
}

const quit = [{ keys: 'q' }, { end: true }];

test('top: every pane, the detail and the help are as kept, in 80 by 24', async (context) => {
    const url = await sameServer(context);
    const { screens, status } = await play(context, [context.binary, 'top', '--url', url, '--interval', '60'], [
        { until: 'q quit' },
        { keep: 'top-connections' },
        { keys: '\r' },
        { until: 'heartbeat' },
        { keep: 'top-detail' },
        { keys: '\u001b' },
        { until: 'by waiting' },
        { keys: '2' },
        { until: 'event/s' },
        { keep: 'top-rooms' },
        { keys: '\t' },
        { until: 'the client' },
        { keep: 'top-ended' },
        { keys: '4' },
        { until: 'longest phase' },
        { keep: 'top-loops' },
        { keys: '?' },
        { until: 'move the mark' },
        { keep: 'top-help' },
        { keys: ' ' },
        { until: 'longest phase' },
        ...quit,
    ]);
    equal(status, 0, 'status');
    for (const [name, text] of Object.entries(screens)) {
        expectGolden(name, text);
        assert(!text.includes('[2J') || text.includes('?[2J'), 'nobody clears the screen');
    }
});

test('top: a larger terminal shows more columns, also when it grows', async (context) => {
    const url = await sameServer(context);
    const { screens } = await play(context, [context.binary, 'top', '--url', url, '--interval', '60'], [
        { until: '0-1000000a3' },
        { size: [150, 30] },
        { until: 'ping' },
        { keep: 'top-wide' },
        { size: [80, 24] },
        { until: 'laps' },
        { gone: 'ping' },
        ...quit,
    ]);
    expectGolden('top-wide', screens['top-wide']);
});

test('top: a connection of a real server is found, looked at and ended after a yes', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'garden');
    await ada.ask({ type: 'name', name: 'Ada' });
    const bob = await enter(server, 'garden');
    const url = `127.0.0.1:${server.opsPort}`;
    const { screens } = await play(context, [context.binary, 'top', '--url', url, '--interval', '0.3'], [
        { until: 'Ada' },
        { until: '2 found' },
        { keys: '/ada\r' },
        { until: '1 found' },
        { keys: 'x' },
        { until: `End the connection ${ada.welcome.connection}?` },
        { keys: 'n' },
        { until: 'Nothing was done' },
        { keys: 'xy' },
        { until: 'Ended:' },
        { keys: '3' },
        { until: 'removed' },
        { keep: 'ended' },
        ...quit,
    ]);
    assert(screens.ended.includes('4003/'), screens.ended);
    await until(() => ada.closed, 'closed');
    equal([ada.closed.code, bob.closed], [4003, null], 'who was ended');
    await bob.close();
});

const run = (binary, words) =>
    new Promise((resolve) => {
        execFile(binary, words, { timeout: 20000 }, (error, stdout, stderr) =>
            resolve({ status: error ? error.code : 0, stdout, stderr }),
        );
    });

test('top: for scripts, one screen as text, or the answer as it is; and faults in a line', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'garden');
    const url = `127.0.0.1:${server.opsPort}`;
    const once = await run(context.binary, ['top', '--url', url, '--once', '--pane', 'rooms', '--size', '80x12']);
    equal(once.status, 0, once.stderr);
    assert(/garden/.test(once.stdout) && !once.stdout.includes('\u001b'), once.stdout);
    equal(once.stdout.trimEnd().split('\n').length <= 12, true, 'rows');
    const json = await run(context.binary, ['top', '--url', `http://${url}/`, '--json']);
    equal(JSON.parse(json.stdout).connections[0].id, ada.welcome.connection, 'json');
    const nobody = await run(context.binary, ['top', '--url', '127.0.0.1:1', '--once']);
    assert(nobody.status === 1 && /Nobody listens/.test(nobody.stderr), nobody.stderr);
    const wrong = await run(context.binary, ['top', '--pane', 'kitchen']);
    assert(wrong.status === 2 && /kitchen/.test(wrong.stderr), wrong.stderr);
    assert((await run(context.binary, ['top', '--url', url])).status === 2, 'no terminal');
    await ada.close();
});
